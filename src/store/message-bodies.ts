import type { Opening } from './unreadable.ts'

interface SealedBody {
  partnerId: string
  registrationId: string
  /** Empty: it is erased. */
  body: Buffer
}

/** The text of a webhook; null: it cannot be decrypted. */
export const openBody = ({ sealed, openOr }: Opening, message: SealedBody): string | null =>
  openOr({ table: 'messages', id: message.registrationId }, { open: () => sealed.message.open(message), instead: null })

/** Whether its text can be decrypted. What is erased needs no key. */
export const isReadable = (opening: Opening, message: SealedBody): boolean =>
  message.body.length === 0 || openBody(opening, message) !== null
