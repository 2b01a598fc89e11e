/** As much of `AsyncDisposableStack` as is used, which Node 22 has not. */
export interface Closing {
  defer(close: () => unknown): void
  /** Another one takes over what this one would close. */
  move(): Closing
  [Symbol.asyncDispose](): Promise<void>
}

/** Closes the last one first, and all of them whichever throws; the last error is thrown. */
export const createClosing = (deferred: (() => unknown)[] = []): Closing => {
  const closeAll = async (): Promise<void> => {
    const close = deferred.pop()
    if (!close) return
    try {
      await close()
    } finally {
      await closeAll()
    }
  }
  return {
    defer: close => void deferred.push(close),
    move: () => createClosing(deferred.splice(0)),
    [Symbol.asyncDispose]: closeAll,
  }
}
