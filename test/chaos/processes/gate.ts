/** Lets calls of the API through, each named by its method and path. While it is closed they wait. */
export const createGate = () => {
  let mayPass = (_call: string): boolean => true
  let opened = Promise.withResolvers<void>()
  const underWay = new Map<Promise<unknown>, string>()
  return {
    through: async <T>(call: string, make: () => Promise<T>): Promise<T> => {
      while (!mayPass(call)) await opened.promise
      const made = make()
      underWay.set(made, call)
      return made.finally(() => underWay.delete(made))
    },
    /** Once it is done no others are under way. */
    close: async (but: (call: string) => boolean = () => false): Promise<void> => {
      mayPass = but
      await Promise.allSettled([...underWay].flatMap(([made, call]) => (but(call) ? [] : [made])))
    },
    open: (): void => {
      mayPass = () => true
      opened.resolve()
      opened = Promise.withResolvers()
    },
  }
}
