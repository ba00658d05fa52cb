// Types of the bundle beside this file; made by web/browser/vendor.mjs.
export * from 'lit'
export { classMap } from 'lit/directives/class-map.js'
export { guard } from 'lit/directives/guard.js'
export { ifDefined } from 'lit/directives/if-defined.js'
export { live } from 'lit/directives/live.js'
export { createRef, ref } from 'lit/directives/ref.js'
export { repeat } from 'lit/directives/repeat.js'
export { styleMap } from 'lit/directives/style-map.js'
