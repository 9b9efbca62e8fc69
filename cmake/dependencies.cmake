find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(GTest REQUIRED)
find_package(PostgreSQL QUIET)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(PUGIXML REQUIRED IMPORTED_TARGET pugixml)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)

add_library(tamada_options INTERFACE)
target_include_directories(tamada_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_include_directories(tamada_options SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(tamada_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_SERIAL_PORT
  BOOST_ALL_NO_LIB)
target_link_libraries(tamada_options INTERFACE Threads::Threads fmt::fmt)
