// Searches all pages that the navigation has, in the reader's language. They are read when the search is first opened.

const MOST = 30
const AROUND = 60

/** The sections of a page: where each is, its heading, and its text. */
const sectionsOf = (page, url) => {
  const title = page.querySelector('h1')?.textContent ?? ''
  const sections = []
  for (const element of page.querySelector('main').children)
    if (/^H[1-3]$/.test(element.tagName)) {
      for (const anchor of element.querySelectorAll('.anchor')) anchor.remove()
      const heading = element.textContent.trim()
      sections.push({ url: `${url}#${element.id}`, heading, page: heading === title ? '' : title, text: '' })
    } else if (sections.length > 0) sections.at(-1).text += ` ${element.textContent.replaceAll(/\s+/g, ' ')}`
  return sections
}

const readAll = async () => {
  const links = [...document.querySelectorAll('.pages a')]
  const pages = links.map(async ({ href }) => {
    const response = await fetch(href, { headers: { accept: 'text/html' } })
    const page = new DOMParser().parseFromString(response.ok ? await response.text() : '<main></main>', 'text/html')
    return sectionsOf(page, href)
  })
  return (await Promise.all(pages)).flat()
}

/** The sections that have every word, those that have it in their heading first. */
export const find = (sections, query) => {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return []
  const scored = sections.map(section => {
    const [heading, text] = [section.heading.toLowerCase(), section.text.toLowerCase()]
    const isIn = words.every(word => heading.includes(word) || text.includes(word))
    const at = text.indexOf(words[0])
    const excerpt = section.text.slice(Math.max(0, at - AROUND), Math.max(0, at) + 2 * AROUND).trim()
    return { ...section, excerpt, score: isIn ? 1 + words.filter(word => heading.includes(word)).length : 0 }
  })
  return scored
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, MOST)
}

const create = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}

export const addSearch = ({ search, found, nothing, close }) => {
  const input = create('input', { type: 'search', placeholder: found, ariaLabel: found, autocomplete: 'off' })
  const list = create('ul', {})
  const status = create('p', { role: 'status' })
  const shut = create('button', { type: 'button', textContent: close })
  const dialog = create(
    'dialog',
    { className: 'finder', ariaLabel: search },
    create('div', {}, input, shut),
    status,
    list,
  )
  const button = create('button', { type: 'button', className: 'search', textContent: search })
  document.body.append(dialog)
  document.querySelector('.languages').before(button)

  let sections
  const show = async () => {
    sections ??= readAll()
    const results = find(await sections, input.value)
    status.textContent = results.length === 0 && input.value.trim() !== '' ? nothing : ''
    const items = results.map(({ url, heading, page, excerpt }) => {
      const head = create('strong', { textContent: page === '' ? heading : `${page} › ${heading}` })
      const link = create('a', { href: url }, head, create('span', { textContent: excerpt }))
      link.addEventListener('click', () => dialog.close())
      return create('li', {}, link)
    })
    list.replaceChildren(...items)
  }
  const open = async () => {
    dialog.showModal()
    input.select()
    await show()
  }
  button.addEventListener('click', open)
  input.addEventListener('input', show)
  shut.addEventListener('click', () => dialog.close())
  // Enter opens the first result, the arrows lead from the input through the results.
  dialog.addEventListener('keydown', async event => {
    // A key with which an input method chooses a word; Safari says so by this code only.
    if (event.keyCode === 229) return
    if (event.key === 'Enter' && event.target === input) {
      await show()
      return list.querySelector('a')?.click()
    }
    const stops = [input, ...list.querySelectorAll('a')]
    const next = stops[stops.indexOf(event.target) + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? Number.NaN)]
    if (!next) return
    event.preventDefault()
    next.focus()
  })
  // A click beside the dialog is one on the dialog itself.
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close())
  addEventListener('keydown', async event => {
    if (event.key !== '/' || event.target.closest('input, dialog')) return
    event.preventDefault()
    await open()
  })
}
