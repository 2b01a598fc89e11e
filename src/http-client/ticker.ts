/** Calls whoever is on the list every so often; a timer of its own for each attempt would cost more than all its work. */
export interface Ticker {
  add(onTick: () => void): void
  delete(onTick: () => void): void
}

/** The timer runs only while there is somebody to call. */
export const createTicker = (everyMs: number): Ticker => {
  const listeners = new Set<() => void>()
  let timer: NodeJS.Timeout | null = null

  const tick = () => {
    for (const onTick of listeners) onTick()
    if (listeners.size > 0 || timer === null) return
    clearInterval(timer)
    timer = null
  }

  return {
    add: onTick => {
      listeners.add(onTick)
      timer ??= setInterval(tick, everyMs)
    },
    delete: onTick => void listeners.delete(onTick),
  }
}
