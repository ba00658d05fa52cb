// Types of the bundle beside this file; made by web/browser/vendor.mjs.
export * from 'lit'
export { repeat } from 'lit/directives/repeat.js'
