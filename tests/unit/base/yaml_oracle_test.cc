// Random documents, compared with PyYAML itself. The script next to this file makes them; TAMADA_YAML_SEED and
// TAMADA_YAML_COUNT choose others.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "base/yaml.h"

namespace tamada {
namespace {

struct Output {
  std::string text;
  int exit_code = -1;
};

Output run(const std::string& command) {
  Output out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[65536];
  std::size_t n = 0;
  while ((n = fread(buffer, 1, sizeof buffer, pipe)) > 0) out.text.append(buffer, n);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) out.exit_code = WEXITSTATUS(status);
  return out;
}

std::string setting(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value == nullptr ? fallback : value;
}

std::string text_of(const json::object& row, std::string_view key) {
  return std::string(row.at(key).as_string());
}

// PyYAML's scanner refuses some texts that libyaml reads; both ways every text that PyYAML reads must mean the same.
void compare_reading(const json::object& row, int& more_lenient) {
  const std::string text = text_of(row, "text");
  const auto ours = parse_yaml(text, "oracle");
  if (!row.at("ok").as_bool()) {
    if (ours) ++more_lenient;
    return;
  }
  // The one known gap: libyaml refuses {a:, b} where PyYAML reads the key "a:".
  if (!ours && ours.error().message.find("found unexpected ':'") != std::string::npos) return;
  ASSERT_TRUE(ours) << "PyYAML reads this document, we say " << ours.error().text() << "\n" << text;
  EXPECT_EQ(to_json(*ours, JsonStyle::Compact), to_json(*parse_json(text_of(row, "value")), JsonStyle::Compact))
      << text;
}

void compare_writing(const json::object& row) {
  const json::value sample = *parse_json(text_of(row, "sample"));
  EXPECT_EQ(to_yaml(sample), text_of(row, "dump")) << text_of(row, "sample");
  YamlStyle flow;
  flow.flow = true;
  EXPECT_EQ(to_yaml(sample, flow), text_of(row, "flow")) << text_of(row, "sample");
  const auto again = parse_yaml(to_yaml(sample), "written");
  ASSERT_TRUE(again) << again.error().text() << "\n" << to_yaml(sample);
}

TEST(YamlOracle, random_documents_mean_what_pyyaml_says) {
  const std::string command = "python3 " TAMADA_SOURCE_DIR "/tests/unit/base/pyyaml_oracle.py " +
                              setting("TAMADA_YAML_SEED", "1") + " " + setting("TAMADA_YAML_COUNT", "1500");
  const Output output = run(command);
  if (output.exit_code == 77 || output.exit_code == 127) GTEST_SKIP() << "python3-yaml is not installed";
  ASSERT_EQ(output.exit_code, 0);
  int read = 0;
  int written = 0;
  int more_lenient = 0;
  for (const std::string& line : split(output.text, '\n')) {
    if (line.empty()) continue;
    const auto row = parse_json(line);
    ASSERT_TRUE(row) << line;
    if (row->as_object().contains("sample")) {
      compare_writing(row->as_object());
      ++written;
    } else {
      compare_reading(row->as_object(), more_lenient);
      ++read;
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(written, 100);
  EXPECT_LT(more_lenient, read / 50) << "documents PyYAML refuses";
  RecordProperty("more_lenient", more_lenient);
}

}  // namespace
}  // namespace tamada
