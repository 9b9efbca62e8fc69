#include "ctl/completion.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <fstream>
#include <string>

#include "support/temporary_directory.h"

namespace tamada::ctl {
namespace {

// What bash itself offers for the line, the last word being typed.
std::string offered(const std::string& words) {
  testing::TemporaryDirectory directory;
  const std::string path = directory / "completion";
  std::ofstream(path) << bash_completion("tamadactl");
  const std::string command = "cd " + std::string(directory / "") + "; bash -u -c 'source ./completion; COMP_WORDS=(" +
                              words + R"(); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); _tamadactl; )" +
                              R"(echo ${COMPREPLY[*]-}' 2>&1)";
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string out;
  char buffer[1024];
  while (::fgets(buffer, sizeof buffer, pipe) != nullptr) out += buffer;
  ::pclose(pipe);
  if (!out.empty()) out.pop_back();
  return out;
}

TEST(Completion, offers_commands_options_and_words_that_are_known) {
  EXPECT_EQ(offered("tamadactl swi"), "switchover");
  EXPECT_EQ(offered("tamadactl -c /some/file re"), "reinit reload remove restart resume");
  EXPECT_EQ(offered("tamadactl --config-file = /some/file topo"), "topology");
  EXPECT_EQ(offered("tamadactl --ins"), "--insecure");
  EXPECT_EQ(offered("tamadactl switchover --ca"), "--candidate");
  EXPECT_EQ(offered("tamadactl flush batman sw"), "switchover");
  EXPECT_EQ(offered("tamadactl list batm"), "");
}

TEST(Completion, offers_what_an_option_takes) {
  EXPECT_EQ(offered("tamadactl list -f ts"), "tsv");
  EXPECT_EQ(offered("tamadactl list --format = js"), "json");
  EXPECT_EQ(offered("tamadactl restart --role st"), "standby-leader standby");
  EXPECT_EQ(offered("tamadactl -c compl"), "completion");  // the file; the command has that name, too
  EXPECT_EQ(offered("tamadactl edit-config --apply ./compl"), "./completion");
  EXPECT_EQ(offered("tamadactl switchover --candidate --c"), "");
}

TEST(Completion, follows_the_name_it_is_called_by) {
  const std::string script = bash_completion("patroni-ctl.real");
  EXPECT_NE(script.find("complete -F _patroni_ctl_real patroni-ctl.real\n"), std::string::npos) << script;
}

}  // namespace
}  // namespace tamada::ctl
