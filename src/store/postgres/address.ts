/** What may hold no secret. */
const SHOWN = ['host', 'port']

/** `postgres://USER@HOST/NAME`, for whoever reads it: without the password, and without what else the URL tells the driver. */
export const showAddress = (url: string): string => {
  const { protocol, username, host, pathname, searchParams } = new URL(url)
  const shown = new URLSearchParams([...searchParams].filter(([name]) => SHOWN.includes(name)))
  const query = shown.size === 0 ? '' : `?${decodeURIComponent(shown.toString())}`
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}${query}`
}
