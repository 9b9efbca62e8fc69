// Scenario files: "given" and "when" blocks of commands (rules/world.h), "then" blocks with what was decided. Set
// TAMADA_REGENERATE=1 to write the "then" blocks anew; the difference is the review.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "rules/world.h"

namespace tamada {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(TAMADA_SOURCE_DIR) / "tests" / "rules" / "scenarios";

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<fs::path> scenario_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Played {
  std::string text;     // the file as it should be
  std::string problem;  // a command that could not be read
  int decisions = 0;
};

// A scenario begins at a line "# title" with a new world; blocks follow each other in it.
Played play(const std::string& text) {
  Played played;
  World world;
  bool in_then = false;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const bool indented = line.starts_with("  ");
    if (in_then && indented) continue;  // written anew
    in_then = false;
    played.text += line + "\n";
    if (line.starts_with("# ")) world = World();
    if (line == "then") {
      played.text += world.decide_and_tell();
      ++played.decisions;
      in_then = true;
    } else if (indented) {
      const std::string wrong = world.command(line.substr(2));
      if (!wrong.empty()) played.problem += "line " + std::to_string(number) + ": " + wrong + "\n";
    }
  }
  return played;
}

// Where two texts part, with the scenario's title; a whole file in a failure message helps nobody.
std::string first_difference(const std::string& now, const std::string& before) {
  std::istringstream a(now);
  std::istringstream b(before);
  std::string title;
  for (std::string x, y;;) {
    const bool more_a = static_cast<bool>(std::getline(a, x));
    const bool more_b = static_cast<bool>(std::getline(b, y));
    if (!more_a && !more_b) return "";
    if (x.starts_with("# ")) title = x;
    if (x != y || more_a != more_b) return title + "\n  now:    " + x + "\n  before: " + y;
  }
}

TEST(Scenarios, DecideWhatTheirTranscriptsSay) {
  const bool regenerate = std::getenv("TAMADA_REGENERATE") != nullptr;
  int decisions = 0;
  for (const fs::path& file : scenario_files()) {
    const std::string before = read(file);
    const Played played = play(before);
    EXPECT_EQ(played.problem, "") << file.filename();
    if (regenerate) std::ofstream(file) << played.text;
    if (!regenerate) EXPECT_EQ(first_difference(played.text, before), "") << file.filename();
    decisions += played.decisions;
  }
  EXPECT_GE(decisions, 40);
}

}  // namespace
}  // namespace tamada
