/**
 * Posts the items as one message. If a value cannot be copied, posts each item separately, so that the others do not
 * fail with it.
 *
 * @param post throws, without sending anything, if a value cannot be copied
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
