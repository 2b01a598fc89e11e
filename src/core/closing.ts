/** The part of `AsyncDisposableStack` that is used here and missing in Node 22. */
export interface Closing {
  defer(close: () => unknown): void
  /** Moves all deferred functions to a new stack. */
  move(): Closing
  [Symbol.asyncDispose](): Promise<void>
}

/** Calls the deferred functions, last one first, and all of them even if some throw; then throws the last error. */
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
