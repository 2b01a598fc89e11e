// Without this script the pages lack the buttons that copy, and the list of sections is one click away on wide screens too.

const sections = document.querySelector('.sections details')
const isWide = matchMedia('(min-width: 60rem)')
const showSections = () => {
  if (sections) sections.open = isWide.matches
}
showSections()
isWide.addEventListener('change', showSections)

// On a telephone the links to the pages are one line that scrolls: the page that is shown must not be out of sight.
const pages = document.querySelector('.pages')
const shown = pages.querySelector('[aria-current]')
if (shown) pages.scrollLeft = shown.offsetLeft - pages.offsetLeft - (pages.clientWidth - shown.clientWidth) / 2

// A button that copies, beside each block of code.
const { copy, copied } = document.body.dataset
const SHOWN_MS = 2_000

const write = async (text, block) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  // Browsers have no clipboard for pages that come over plain http.
  getSelection().selectAllChildren(block)
  document.execCommand('copy')
}

for (const block of document.querySelectorAll('.text pre > code')) {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = copy
  button.addEventListener('click', async () => {
    await write(block.textContent, block)
    button.textContent = copied
    setTimeout(() => {
      button.textContent = copy
    }, SHOWN_MS)
  })
  const frame = document.createElement('div')
  frame.className = 'code'
  block.parentElement.replaceWith(frame)
  frame.append(block.parentElement, button)
}
