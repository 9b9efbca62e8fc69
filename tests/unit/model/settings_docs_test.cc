// docs/configuration.md is made from the settings table. TAMADA_REGENERATE=1 writes it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "base/yaml.h"
#include "model/settings_build.h"
#include "model/settings_schema.h"
#include "model/settings_validate.h"

namespace tamada {
namespace {

constexpr std::string_view kDocs = TAMADA_SOURCE_DIR "/docs/";
constexpr std::string_view kBegin =
    "<!-- made from the settings table; TAMADA_REGENERATE=1 unit_model rewrites it -->\n";

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string cell(std::string_view text) {
  return replace_all(text, "|", "\\|");
}

std::string code(std::string_view text) {
  return text.empty() ? "" : "`" + cell(text) + "`";
}

std::string range(const SettingRow& row) {
  std::string out(to_string(row.type));
  if (row.type == SettingType::Choice) out = join(setting_choices(row), ", ");
  const bool least = row.least != std::numeric_limits<std::int64_t>::min();
  const bool most = row.most != std::numeric_limits<std::int64_t>::max() && row.most != 2147483647;
  if (least && most) {
    out += " " + std::to_string(row.least) + " to " + std::to_string(row.most);
  } else if (least) {
    out += " from " + std::to_string(row.least);
  }
  if (!row.unit.empty()) out += ", " + std::string(row.unit);
  return out;
}

std::string title_of(std::string_view path, SettingPlace place) {
  const std::size_t dot = path.find('.');
  if (dot == path.npos) return place == SettingPlace::Dynamic ? "Dynamic configuration" : "General";
  return std::string(path.substr(0, dot));
}

std::string place_text(SettingPlace place) {
  if (place == SettingPlace::Local) return "local";
  return place == SettingPlace::Dynamic ? "dynamic" : "both";
}

std::string generated() {
  std::string out(kBegin);
  std::string title;
  for (const SettingRow& row : settings_schema()) {
    const std::string section = title_of(row.path, row.place);
    if (section != title) {
      title = section;
      out +=
          "\n## " + title + "\n\n| Setting | Type | Default | Set in | Environment | Taken up by | Since | Meaning |\n";
      out += "|---|---|---|---|---|---|---|---|\n";
    }
    std::string help(row.help);
    if (!row.acts) help += "; **no effect in this version**";
    if (!row.lacks.empty()) help += "; **" + std::string(row.lacks) + "**";
    out += "| " + code(row.path) + " | " + cell(range(row)) + " | " + code(row.fallback) + " | " +
           place_text(row.place) + " | " + code(row.environment) + " | " + std::string(to_string(row.reload)) + " | " +
           std::string(row.since) + " | " + cell(help) + " |\n";
  }
  return out;
}

TEST(SettingsDocs, the_reference_page_is_that_of_the_table) {
  const std::string path = std::string(kDocs) + "configuration.md";
  const std::string text = read(path);
  const std::string introduction = text.substr(0, text.find(kBegin));
  if (std::getenv("TAMADA_REGENERATE") != nullptr) {
    std::ofstream(path) << introduction << generated();
    return;
  }
  EXPECT_TRUE(text == introduction + generated()) << "docs/configuration.md is not up to date";
}

TEST(SettingsDocs, every_row_is_complete) {
  for (const SettingRow& row : settings_schema()) {
    EXPECT_FALSE(row.help.empty()) << row.path;
    EXPECT_EQ(row.help.find_first_of("\n"), row.help.npos) << row.path;
    EXPECT_FALSE(row.help.ends_with('.')) << row.path;
    EXPECT_EQ(row.type == SettingType::Choice, !row.choices.empty()) << row.path;
    EXPECT_LE(row.least, row.most) << row.path;
    EXPECT_EQ(find_setting(row.path), &row) << row.path << " is in the table twice";
  }
}

TEST(SettingsDocs, the_sample_is_valid_and_builds_without_a_warning) {
  const auto sample = parse_yaml(read(std::string(kDocs) + "samples/tamada.yml"), "tamada.yml");
  ASSERT_TRUE(sample) << sample.error().text();
  for (const auto& problem : validate_config(sample->as_object(), {}, {})) ADD_FAILURE() << problem.line();
  BuildInput input;
  input.local = sample->as_object();
  input.dynamic = sample->at("bootstrap").at("dcs").as_object();
  const auto built = build_settings(input);
  ASSERT_TRUE(built);
  for (const std::string& warning : built->warnings) ADD_FAILURE() << warning;
  EXPECT_TRUE(check_daemon_settings(built->settings));
}

}  // namespace
}  // namespace tamada
