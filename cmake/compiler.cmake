# g++ before 14 miscompiles coroutines (illegal instructions, double frees), so no such compiler may make a binary.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines; use clang++-19 (tools/setup installs it)")
endif()

if(NOT CMAKE_CROSSCOMPILING AND NOT DEFINED TAMADA_COROUTINES_WORK)
  try_run(TAMADA_COROUTINE_RUN TAMADA_COROUTINE_COMPILE
    ${CMAKE_BINARY_DIR}/coroutine_self_test ${CMAKE_SOURCE_DIR}/cmake/coroutine_self_test.cc
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON
    COMPILE_OUTPUT_VARIABLE TAMADA_COROUTINE_OUTPUT)
  if(NOT TAMADA_COROUTINE_COMPILE OR NOT TAMADA_COROUTINE_RUN EQUAL 0)
    message(FATAL_ERROR "this compiler fails the coroutine self-test: ${TAMADA_COROUTINE_OUTPUT}")
  endif()
  set(TAMADA_COROUTINES_WORK TRUE CACHE INTERNAL "")
endif()

find_program(TAMADA_CCACHE ccache)
if(TAMADA_CCACHE)
  # The sloppiness is what precompiled headers need; the base directory lets several checkouts share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${TAMADA_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Werror -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp" -Wshadow-uncaptured-local -Wthread-safety -Wno-missing-designated-field-initializers)
  add_link_options(-fuse-ld=lld -Wl,--icf=safe)
endif()
add_compile_options($<$<CONFIG:RelWithDebInfo>:-g1>)
# What is not in the file is not in memory either.
add_link_options(-Wl,--gc-sections -Wl,-z,pack-relative-relocs)
if(TAMADA_SANITIZE)
  add_compile_options(-fsanitize=${TAMADA_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TAMADA_SANITIZE})
endif()
if(TAMADA_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined)
  add_link_options(-fsanitize=address,undefined)
endif()
