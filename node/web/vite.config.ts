import { defineConfig } from "vite";

// Oldest browser that is served: Chrome 64 (a stock WebView of Android 9). File names carry no
// hash: the node sends an ETag of the bytes, and a rebuild of the same sources gives the same tree.
export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "chrome64",
    cssTarget: "chrome64",
    modulePreload: false,
    assetsInlineLimit: 0,
    sourcemap: false,
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8686" } },
});
