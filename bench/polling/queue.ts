/** A priority queue by time: a binary heap. */
export const createQueue = <T extends { at: number }>() => {
  const heap: T[] = []
  const at = (index: number): number => heap[index]?.at ?? Number.POSITIVE_INFINITY
  const swap = (i: number, j: number) => {
    const [one, other] = [heap[i] as T, heap[j] as T]
    heap[i] = other
    heap[j] = one
  }
  return {
    nextAt: () => at(0),
    push: (item: T) => {
      let index = heap.push(item) - 1
      while (index > 0) {
        const parent = (index - 1) >> 1
        if (at(parent) <= at(index)) break
        swap(parent, index)
        index = parent
      }
    },
    /** Throws if it is empty. */
    pop: (): T => {
      const [first] = heap
      const last = heap.pop()
      if (!first || !last) throw new Error('the queue is empty')
      if (heap.length > 0) heap[0] = last
      for (let index = 0; ; ) {
        const left = 2 * index + 1
        const least = at(left + 1) < at(left) ? left + 1 : left
        if (at(index) <= at(least)) return first
        swap(index, least)
        index = least
      }
    },
  }
}
