// Runs the tests as a user that PostgreSQL accepts. Exit code 77 (skipped) when that cannot be had here.
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "contract/postgres/test_server.h"
#include "postgres/libpq_environment.h"

namespace {

constexpr int kSkipped = 77;

int run_as_postgres(const std::vector<std::string>& arguments) {
  if (std::getenv("TAMADA_TEST_USER_CHANGED") != nullptr) {
    std::puts("skipped: still root after setpriv");
    return kSkipped;
  }
  setenv("TAMADA_TEST_USER_CHANGED", "1", 1);
  std::string self(4096, '\0');
  ssize_t length = readlink("/proc/self/exe", self.data(), self.size());
  self.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  std::vector<std::string> words = {"setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", self};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  std::puts("skipped: setpriv cannot be run, and PostgreSQL refuses to run as root");
  return kSkipped;
}

}  // namespace

int main(int argc, char** argv) {
  // Orphaned postmasters are ours to reap: a container's first process may not do it, and a dead one that nobody reaps
  // looks alive to the next.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const std::vector<std::string> arguments(argv + 1, argv + argc);  // InitGoogleTest takes its own away
  testing::InitGoogleTest(&argc, argv);
  if (testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
  if (tamada::test::postgres_bin_dir().empty()) {
    std::puts("skipped: no PostgreSQL in /usr/lib/postgresql (set TAMADA_TEST_PG_BIN to another one's bin directory)");
    return kSkipped;
  }
  if (geteuid() == 0) return run_as_postgres(arguments);
  // Whatever these say must not steer the code under test.
  tamada::isolate_from_libpq_environment();
  return RUN_ALL_TESTS();
}
