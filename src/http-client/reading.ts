const BUFFER_BYTES = 64 * 1024
/** One for all connections: what is read is looked at before anything else is. */
let buffer: Buffer | null = null

/**
 * The `onread` of a plain TCP socket. Without it Node allocates 64 KB for each read, and gives most of it back.
 *
 * @param onRead gets bytes that are good during the call only
 */
export const readingInto = (onRead: (bytes: Buffer) => void) => {
  buffer ??= Buffer.allocUnsafeSlow(BUFFER_BYTES)
  return {
    buffer,
    callback: (size: number, bytes: Uint8Array): boolean => {
      onRead((bytes as Buffer).subarray(0, size))
      return true
    },
  }
}
