/** Lets others have their turn on this thread before a long read goes on. */
export const turn = () => new Promise(resolve => setImmediate(resolve))
