/** More than a webhook has: its `metadata` are 2 KiB at most. */
const MAX_BYTES = 64 * 1024

/** The bytes of a body; `too_large`, `cut_off`, or `parsed`: somebody has read it before, and not kept the bytes. */
export type Body = Uint8Array | 'too_large' | 'cut_off' | 'parsed'

export const bounded = (bytes: Uint8Array): Body => (bytes.length > MAX_BYTES ? 'too_large' : bytes)

/** Takes chunks until there are too many. */
export const createCollector = () => {
  const chunks: Uint8Array[] = []
  let size = 0
  return {
    /** False: it is enough. */
    add: (chunk: Uint8Array): boolean => {
      size += chunk.length
      if (size <= MAX_BYTES) chunks.push(chunk)
      return size <= MAX_BYTES
    },
    end: (): Uint8Array => {
      const whole = new Uint8Array(size)
      let at = 0
      for (const chunk of chunks) {
        whole.set(chunk, at)
        at += chunk.length
      }
      return whole
    },
  }
}
