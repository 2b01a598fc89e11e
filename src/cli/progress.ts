const QUARTERS = 4

/**
 * Tells on stderr how far something has come: on a terminal in one line that changes, elsewhere in a line for each quarter, so that
 * a log stays short.
 */
export const createProgress = (stream: NodeJS.WriteStream = process.stderr) => {
  let told = ''
  let open = false
  const end = () => {
    if (open) stream.write('\n')
    open = false
  }
  return {
    /** @param all 0: nobody knows how much it will be */
    show: (what: string, done = 0, all = 0): void => {
      const share = all === 0 ? null : Math.min(1, done / all)
      const step = share === null || stream.isTTY ? share : Math.floor(share * QUARTERS) / QUARTERS
      const line = step === null ? what : `${what} ${Math.floor(step * 100)} %`
      if (line === told) return
      told = line
      open = stream.isTTY
      // The rest of a longer line before it is erased.
      stream.write(stream.isTTY ? `\r${line}\u001B[K` : `${line}\n`)
    },
    end,
  }
}
