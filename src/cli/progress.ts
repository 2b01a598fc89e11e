const QUARTERS = 4
const BAR_WIDTH = 20

/** A bar such as `[#####               ]  25 %`. */
export const showBar = (share: number): string =>
  `[${'#'.repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH)}] ${String(Math.floor(share * 100)).padStart(3)} %`

/**
 * Prints progress on stderr: on a terminal in one changing line, elsewhere one line per quarter, so that a log stays
 * short.
 */
export const createProgress = (stream: NodeJS.WriteStream = process.stderr) => {
  let told = ''
  const tell = (line: string) => {
    if (line === told) return
    told = line
    // Erases the rest of a longer previous line.
    stream.write(stream.isTTY ? `\r${line}\u001B[K` : `${line}\n`)
  }
  return {
    show: (what: string, done: number, all: number): void => {
      const share = Math.min(1, done / all)
      tell(`${what} ${stream.isTTY ? showBar(share) : `${Math.floor(share * QUARTERS) * (100 / QUARTERS)} %`}`)
    },
    /** Prints a count without a known total, on a terminal only. */
    count: (line: string): void => {
      if (stream.isTTY) tell(line)
    },
    end: (): void => {
      if (stream.isTTY && told !== '') stream.write('\n')
      told = ''
    },
  }
}
