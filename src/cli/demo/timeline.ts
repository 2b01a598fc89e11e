import { styleText } from 'node:util'
import { SECOND } from '../../core/duration.ts'
import { columnsOf, pad } from '../output.ts'

type Style = 'plain' | 'quiet' | 'good' | 'bad'

interface TimelineEvent {
  from: string
  to: string
  idcardid: string
  text: string
  style: Style
}

const FORMATS = { plain: 'reset', quiet: 'dim', good: 'green', bad: 'yellow' } as const

/**
 * Prints lines like `+1.2s  notifier → GetResult  demo-pass  poll 2: ING`, aligned in columns.
 *
 * @param deps.actors everybody who may appear; the two longest decide the width of the column
 */
export const createTimeline = (deps: {
  print: (text: string) => void
  /** Epoch ms. */
  now: () => number
  actors: readonly string[]
  idcardids: readonly string[]
}) => {
  const { print, now } = deps
  const startedAt = now()
  const [first = 0, second = 0] = deps.actors.map(columnsOf).toSorted((a, b) => b - a)
  const whoColumns = first + second + ' → '.length
  const serialColumns = Math.max(...deps.idcardids.map(columnsOf))

  return ({ from, to, idcardid, text, style }: TimelineEvent): void => {
    const time = `+${((now() - startedAt) / SECOND).toFixed(1)}s`.padStart(7)
    const who = pad(`${from} → ${to}`, whoColumns)
    const line = `${who}  ${pad(idcardid, serialColumns)}  ${text}`
    print(`${styleText('dim', time)}  ${style === 'plain' ? line : styleText(FORMATS[style], line)}`)
  }
}
