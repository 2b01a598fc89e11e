// Starts Swagger UI. The document's URL is relative, so that it works below any prefix, and asks for the page's language.
const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()
SwaggerUIBundle({
  url: `../openapi.json?lang=${document.documentElement.lang.slice(0, 2)}`,
  dom_id: '#reference',
  deepLinking: true,
  validatorUrl: null,
  queryConfigEnabled: false,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  // The page has a main part already, and this list no label.
  onComplete: () => {
    document.querySelector('#operations')?.setAttribute('role', 'group')
    document.querySelector('#servers')?.setAttribute('aria-label', 'Server')
  },
})
