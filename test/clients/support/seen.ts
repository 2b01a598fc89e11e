/** What each exercise is given. */
export interface Given {
  url: string
  apiKey: string
  /** Of its own, so that exercises do not meet. */
  serial: string
}

/** What each exercise has seen of the service through its client. */
export interface Seen {
  registered: { status: number; idcardid: string; state: string }
  again: number
  gotIsSame: boolean
  listed: string[]
  batch: string[]
  lookedUp: [idcardid: string, registrations: number][]
  explained: string
  rotated: { type: string; secret: string; hasPreviousEnd: boolean }
  missing: { status: number; title: string }
  invalid: string[]
}
