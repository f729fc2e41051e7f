import js from "@eslint/js";
import globals from "globals";

const MODULES = ["book/figures/**", "book/runtime/tensorflow.js", "scripts/javascript/eslint.config.js", "tests/javascript/**"];

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2022, globals: { ...globals.browser, TRAIN_WORKER: "readonly" } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-implicit-globals": "error",
      "no-unused-expressions": "error",
      "no-var": "error",
      "prefer-const": "error",
      strict: ["error", "global"],
    },
  },
  { ignores: MODULES, languageOptions: { sourceType: "script" } },
];
