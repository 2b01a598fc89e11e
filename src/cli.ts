#!/usr/bin/env node
// The command under the name that scripts use. `bin.js` is the same, without Node's type stripper and its 18 MB.
import './bin.js'
