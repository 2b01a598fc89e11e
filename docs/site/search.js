// Searches all pages that the navigation has, in the reader's language. They are read when the search is first opened.

const MOST = 30
const AROUND = 60
/** The longest word that is not cut in two. */
const LONGEST = 30

/** The sections of a page: where each is, its heading, its text, and the words that only the search reads. */
const sectionsOf = (page, url) => {
  const title = page.querySelector('h1')?.textContent ?? ''
  const sections = []
  for (const element of page.querySelector('main').children)
    if (/^H[1-3]$/.test(element.tagName)) {
      for (const anchor of element.querySelectorAll('.anchor')) anchor.remove()
      const heading = element.textContent.trim()
      sections.push({ url: `${url}#${element.id}`, heading, page: heading === title ? '' : title, text: '', words: '' })
    } else if (sections.length > 0) {
      const part = element.hidden ? 'words' : 'text'
      sections.at(-1)[part] += ` ${element.textContent.replaceAll(/\s+/g, ' ')}`
    }
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

const HAN = /\p{Script=Han}/u
const LETTER = /[\p{L}\p{N}]/u
/** What follows of a word. */
const REST = /^[\p{Ll}\p{N}]*/u

/** Chinese beside other letters is a word of its own. */
const wordsOf = query => query.toLowerCase().match(/\p{Script=Han}+|[^\s\p{Script=Han}]+/gu) ?? []

/** What `retry`, `retries` and `retrying` begin with. */
const stemOf = word => {
  const [, stem = word] =
    /^([a-z]{4,}?)(?:ies|ing|ed|es|e|(?<![aeiou])y)$/.exec(word) ??
    /^([a-z]{5,})ion$/.exec(word) ??
    /^([a-z]{3,})s$/.exec(word) ??
    []
  return stem
}

/** Whether a word begins at this place: after no letter, or as in `callbackUrl`. */
const beginsAt = (text, at) => {
  const [before = ' ', first] = [text[at - 1], text[at]]
  return (
    !LETTER.test(before) || HAN.test(before) || !LETTER.test(first) || (/\p{Ll}/u.test(before) && /\p{Lu}/u.test(first))
  )
}

/** Where a text has words that begin with this one; of Chinese, anywhere. */
const placesOf = (text, word) => {
  const places = []
  const lower = text.toLowerCase()
  for (let at = lower.indexOf(word); at !== -1; at = lower.indexOf(word, at + word.length)) {
    const end = at + word.length
    if (HAN.test(word)) places.push({ at, end })
    else if (beginsAt(text, at)) places.push({ at, end: end + REST.exec(text.slice(end, end + LONGEST))[0].length })
  }
  return places
}

/** A text in parts: each with whether it was found. */
const partsOf = (text, words) => {
  const parts = []
  let done = 0
  for (const { at, end } of words.flatMap(word => placesOf(text, word)).toSorted((a, b) => a.at - b.at)) {
    if (at < done) continue
    if (at > done) parts.push([text.slice(done, at), false])
    parts.push([text.slice(at, end), true])
    done = end
  }
  return done < text.length ? [...parts, [text.slice(done), false]] : parts
}

/** The next place in this direction where no word is cut. */
const cutAt = (text, from, step) => {
  const isWithin = at =>
    [text[at - 1] ?? ' ', text[at] ?? ' '].every(one => /[\p{L}\p{N}_-]/u.test(one) && !HAN.test(one))
  for (let at = from; Math.abs(at - from) < LONGEST; at += step) if (!isWithin(at)) return at
  return from
}

const excerptOf = (text, words) => {
  const at = Math.min(...words.map(word => placesOf(text, word)[0]?.at ?? Number.POSITIVE_INFINITY))
  const first = Number.isFinite(at) ? at : 0
  const start = first <= AROUND ? 0 : cutAt(text, first - AROUND, 1)
  const end = first + 2 * AROUND >= text.length ? text.length : cutAt(text, first + 2 * AROUND, -1)
  return `${start > 0 ? '…' : ''}${text.slice(start, end).trim()}${end < text.length ? '…' : ''}`
}

/** The sections that have every word, those that have it in their heading first, then those that are meant by it. */
export const find = (sections, query) => {
  const words = wordsOf(query).map(stemOf)
  if (words.length === 0) return []
  const scoreOf = ({ heading, text, words: meant }) => {
    const scores = words.map(word => {
      const [inHeading] = placesOf(heading, word)
      if (inHeading) return inHeading.at === 0 && inHeading.end === heading.length ? 9 : 8
      return placesOf(meant, word).length > 0 ? 4 : Math.min(1, placesOf(text, word).length)
    })
    return scores.includes(0) ? 0 : scores.reduce((sum, score) => sum + score, 0)
  }
  return sections
    .map(section => ({ section, score: scoreOf(section) }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, MOST)
    .map(({ section: { url, heading, page, text } }) => {
      const excerpt = partsOf(excerptOf(text.trim(), words), words)
      return { url, heading: partsOf(heading, words), page, excerpt }
    })
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
      const shown = parts => parts.map(([text, isFound]) => (isFound ? create('mark', { textContent: text }) : text))
      const head = create('strong', {}, ...(page === '' ? [] : [`${page} › `]), ...shown(heading))
      const link = create('a', { href: url }, head, create('span', {}, ...shown(excerpt)))
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
