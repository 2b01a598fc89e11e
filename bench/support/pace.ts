/**
 * Begins `run` at a steady rate for a while, without waiting for earlier ones (an open loop); resolves with all results. Runs
 * that a busy machine has delayed begin as soon as they can.
 */
export const atRate = async <T>(
  { rate, seconds }: { rate: number; seconds: number },
  run: (index: number) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> => {
  const all: Promise<T>[] = []
  const started = performance.now()
  await new Promise<void>(resolve => {
    const step = () => {
      const elapsed = Math.min((performance.now() - started) / 1000, seconds)
      while (all.length < elapsed * rate) all.push(run(all.length))
      if (elapsed >= seconds) resolve()
      else setTimeout(step, 1)
    }
    step()
  })
  return Promise.allSettled(all)
}

/** Keeps `width` runs going until `count` have ended (a closed loop). */
export const closedLoop = async (
  { count, width }: { count: number; width: number },
  run: (index: number) => Promise<void>,
): Promise<void> => {
  let next = 0
  const work = async () => {
    while (next < count) await run(next++)
  }
  await Promise.all(Array.from({ length: width }, work))
}

/** Serials as upstream makes them: far apart and unique. The number is reversed, so that no two are neighbours. */
export const serialOf = (kind: string, index: number): string =>
  `${kind}${String(index).padStart(9, '0').split('').reverse().join('')}`
