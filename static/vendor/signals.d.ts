// Types of the bundle beside this file; made by web/browser/vendor.mjs.
export * from '@preact/signals-core'
