// Without scripts the pages lack the search, the buttons that copy and the choice of one language for all code.
import { groupSamples, nameOf } from './samples.js'
import { addSearch } from './search.js'

const words = JSON.parse(document.body.dataset.words)

// On wide screens the list of sections is open.
const sections = document.querySelector('.sections details')
const isWide = matchMedia('(min-width: 60rem)')
const showSections = () => {
  if (sections) sections.open = isWide.matches
}
showSections()
isWide.addEventListener('change', showSections)

// The other language at the same place.
for (const link of document.querySelectorAll('.languages a'))
  link.addEventListener('click', () => {
    link.hash = location.hash
  })

const SHOWN_MS = 2_000
const write = async (text, block) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  // Browsers have no clipboard for pages that come over plain http.
  getSelection().selectAllChildren(block)
  document.execCommand('copy')
}
/** Puts a line with the name of its language and a button that copies above a block of code. */
const frameCode = block => {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = words.copy
  button.addEventListener('click', async () => {
    await write(block.textContent, block)
    button.textContent = words.copied
    setTimeout(() => {
      button.textContent = words.copy
    }, SHOWN_MS)
  })
  const bar = document.createElement('div')
  bar.className = 'bar'
  bar.append(nameOf(block), button)
  const frame = document.createElement('div')
  frame.className = 'code'
  block.parentElement.replaceWith(frame)
  frame.append(bar, block.parentElement)
}

for (const block of document.querySelectorAll('main pre > code')) frameCode(block)
groupSamples(words.code)
addSearch(words)

// On a telephone the links to the pages are one line that scrolls: the page that is shown must not be out of sight.
const pages = document.querySelector('.pages')
const shown = pages.querySelector('[aria-current]')
if (shown) pages.scrollLeft = shown.offsetLeft - pages.offsetLeft - (pages.clientWidth - shown.clientWidth) / 2
