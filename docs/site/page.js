// A button that copies, beside each block of code. Without this script the pages lack nothing else.
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
