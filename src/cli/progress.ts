const QUARTERS = 4
const BAR_WIDTH = 20
/** Where nobody knows how much it will be, a log has a line at so many, and then whenever it has doubled. */
const FIRST_TOLD = 1_000

/** As `[#####               ]  25 %`. */
export const showBar = (share: number): string =>
  `[${'#'.repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH)}] ${String(Math.floor(share * 100)).padStart(3)} %`

/**
 * Tells on stderr how far something has come: on a terminal in one line that changes, elsewhere in a line for each quarter, so that
 * a log stays short.
 */
export const createProgress = (stream: NodeJS.WriteStream = process.stderr) => {
  let told = ''
  let open = false
  let nextTold = FIRST_TOLD
  const end = () => {
    if (open) stream.write('\n')
    open = false
  }
  const tell = (line: string) => {
    if (line === told) return
    told = line
    open = stream.isTTY
    // The rest of a longer line before it is erased.
    stream.write(stream.isTTY ? `\r${line}\u001B[K` : `${line}\n`)
  }
  return {
    /** @param all 0: nobody knows how much it will be */
    show: (what: string, done = 0, all = 0): void => {
      const share = all === 0 ? null : Math.min(1, done / all)
      if (share === null) tell(what)
      else if (stream.isTTY) tell(`${what} ${showBar(share)}`)
      else tell(`${what} ${Math.floor(share * QUARTERS) * (100 / QUARTERS)} %`)
    },
    /** How much has been done of what nobody knows the end of. */
    count: (what: (done: number) => string, done: number): void => {
      if (!stream.isTTY && done < nextTold) return
      while (done >= nextTold) nextTold *= 2
      tell(what(done))
    },
    end,
  }
}
