/** What calls of the API go through: while it is closed they wait. */
export const createGate = () => {
  let mayPass = (_call: string): boolean => true
  let opened = Promise.withResolvers<void>()
  const underWay = new Set<{ call: string; answered: Promise<unknown> }>()

  return {
    /** @param call its method and path */
    through: async <T>(call: string, make: () => Promise<T>): Promise<T> => {
      while (!mayPass(call)) await opened.promise
      const one = { call, answered: make() }
      underWay.add(one)
      try {
        return (await one.answered) as T
      } finally {
        underWay.delete(one)
      }
    },
    /** Once it is done no others are under way. */
    close: async (but: (call: string) => boolean = () => false): Promise<void> => {
      mayPass = but
      await Promise.allSettled([...underWay].map(({ call, answered }) => but(call) || answered))
    },
    open: (): void => {
      mayPass = () => true
      opened.resolve()
      opened = Promise.withResolvers()
    },
  }
}
