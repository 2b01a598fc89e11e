#!/usr/bin/env node
// The command by the name that scripts know. `bin.js` is the same without Node's type stripper and the 18 MB it takes.
import './bin.js'
