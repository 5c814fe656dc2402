# SPDX-License-Identifier: Apache-2.0
# evo_add_python_test(name file...): pytest files as one test. They find the generator as evo_codegen.
include_guard(GLOBAL)

function(evo_add_python_test name)
  add_test(NAME ${name} COMMAND ${EVO_PYTHON} -m pytest -q -p no:cacheprovider ${ARGN})
  set_tests_properties(${name} PROPERTIES
    LABELS codegen
    TIMEOUT 300
    ENVIRONMENT "PYTHONPATH=${EVO_CODEGEN_DIR};PYTHONPYCACHEPREFIX=${CMAKE_BINARY_DIR}/evo_codegen_cache;CXX=${CMAKE_CXX_COMPILER}")
endfunction()
