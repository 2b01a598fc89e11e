const QUARTERS = 4
const BAR_WIDTH = 20

/** As `[#####               ]  25 %`. */
export const showBar = (share: number): string =>
  `[${'#'.repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH)}] ${String(Math.floor(share * 100)).padStart(3)} %`

/**
 * Tells on stderr how far something has come: on a terminal in one line that changes, elsewhere in a line for each quarter, so that
 * a log stays short.
 */
export const createProgress = (stream: NodeJS.WriteStream = process.stderr) => {
  let told = ''
  const tell = (line: string) => {
    if (line === told) return
    told = line
    // The rest of a longer line before it is erased.
    stream.write(stream.isTTY ? `\r${line}\u001B[K` : `${line}\n`)
  }
  return {
    show: (what: string, done: number, all: number): void => {
      const share = Math.min(1, done / all)
      tell(`${what} ${stream.isTTY ? showBar(share) : `${Math.floor(share * QUARTERS) * (100 / QUARTERS)} %`}`)
    },
    /** Of what nobody knows the end of; a log is told of the end alone. */
    count: (line: string): void => {
      if (stream.isTTY) tell(line)
    },
    end: (): void => {
      if (stream.isTTY && told !== '') stream.write('\n')
      told = ''
    },
  }
}
