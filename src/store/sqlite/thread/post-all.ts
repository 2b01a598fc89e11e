/**
 * Posts the items as one message; where something in one of them cannot be copied, each as its own, so that the others do
 * not suffer for it.
 *
 * @param post throws, and has sent nothing, where it cannot be copied
 */
export const postAll = <Item>(
  items: readonly Item[],
  { post, refuse }: { post: (items: readonly Item[]) => void; refuse: (item: Item, error: unknown) => void },
): void => {
  try {
    post(items)
  } catch (error) {
    if (items.length === 1) for (const item of items) refuse(item, error)
    else for (const item of items) postAll([item], { post, refuse })
  }
}
