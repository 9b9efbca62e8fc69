// docs/decisions.md is the rule book printed. TAMADA_REGENERATE=1 writes it anew.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/plan_names.h"
#include "core/rule_book.h"
#include "core/sync_resolver.h"

namespace tamada {
namespace {

const std::filesystem::path kFile = std::filesystem::path(TAMADA_SOURCE_DIR) / "docs" / "decisions.md";

constexpr std::string_view kHead = R"(# Decisions

Generated from the rule tables in `src/core/rules_*.cc` by `TAMADA_REGENERATE=1 build/tests/rules`; do not edit.

Each cycle reduces what is known to the facts below, finds the first situation whose entry fits, and in it the first rule
whose conditions all hold. The rule's id stands in the log, in `/explain`, in the history and in the metrics. A plan that
takes the lock, gives it back, promotes, starts as primary or destroys data needs, beside the conditions that are shown, every
fact by which situations up to its own are entered to be known; this is not repeated in the tables.
)";

std::string text_of(const Condition& c) {
  const FactInfo& info = fact_info(c.id);
  const ValueSet all = all_values(c.id);
  if (c.allowed == (all & ~1u)) return fmt::format("{} known", info.name);
  const bool negated = (c.allowed & 1u) != 0 && c.allowed != 1u;
  const ValueSet shown = negated ? static_cast<ValueSet>(all & ~c.allowed) : c.allowed;
  std::string values;
  for (std::size_t v = 0; v < info.values.size(); ++v) {
    if ((shown >> v) & 1u) values += (values.empty() ? "" : " or ") + std::string(info.values[v]);
  }
  return fmt::format("{} {}{}", info.name, negated ? "not " : "", values);
}

std::string text_of(const When& when, const std::set<FactId>& left_out) {
  std::string text;
  for (const Condition& c : when) {
    if (c.allowed == (all_values(c.id) & ~1u) && left_out.contains(c.id)) continue;
    text += (text.empty() ? "" : "; ") + text_of(c);
  }
  return text.empty() ? "always" : text;
}

std::string plan_of(const Rule& rule) {
  std::string text(name_of(rule.then.plan));
  if (rule.then.plan == PlanKind::Demote) text += fmt::format(" ({})", name_of(rule.then.demote));
  for (const Chore chore : rule.then.chores) text += fmt::format(", {}", name_of(chore));
  if (rule.then.hold) text += ", hold the lock";
  return text;
}

std::string printed_sync_rules() {
  std::string out =
      "\n## synchronous standbys\n\nBeside these tables, on a primary that holds the lock: the next step of "
      "synchronous mode "
      "(`src/core/sync_resolver.h`).\n\n| rule | when | step | because |\n|---|---|---|---|\n";
  for (const SyncRule& rule : sync_rules())
    out += fmt::format("| {} | {} | {} | {} |\n", rule.id, rule.when, rule.step, rule.because);
  return out;
}

std::string printed_book() {
  std::string out(kHead);
  out +=
      "\n## Facts\n\nEvery fact can also be Unknown, which is never read as \"no\".\n\n| fact | question | values "
      "|\n|---|---|---|\n";
  for (std::size_t i = 0; i < kFactCount; ++i) {
    const FactInfo& info = fact_info(static_cast<FactId>(i));
    std::string values;
    for (std::size_t v = 1; v < info.values.size(); ++v) values += (v == 1 ? "" : ", ") + std::string(info.values[v]);
    out += fmt::format("| {} | {} | {} |\n", info.name, info.question, values);
  }
  std::set<FactId> way;
  for (const Situation& situation : rule_book()) {
    out += fmt::format("\n## {}\n\n{} Entered when:\n\n", situation.name, situation.about);
    for (const When& when : situation.entered_when) {
      out += fmt::format("- {}\n", text_of(when, {}));
      for (const Condition& c : when) way.insert(c.id);
    }
    out += "\n| rule | when | plan | status | because |\n|---|---|---|---|---|\n";
    for (const Rule& rule : situation.rules) {
      const bool careful = takes(rule.then.plan) || destroys(rule.then.plan);
      out +=
          fmt::format("| {} | {} | {} | `{}` | {} |\n", rule.id, text_of(rule.when, careful ? way : std::set<FactId>{}),
                      plan_of(rule), rule.status, rule.because);
    }
  }
  return out + printed_sync_rules();
}

TEST(Decisions, TheDocumentIsTheRuleBook) {
  const std::string book = printed_book();
  if (std::getenv("TAMADA_REGENERATE") != nullptr) {
    std::filesystem::create_directories(kFile.parent_path());
    std::ofstream(kFile) << book;
  }
  std::ifstream in(kFile);
  std::ostringstream there;
  there << in.rdbuf();
  EXPECT_TRUE(there.str() == book) << "docs/decisions.md is out of date; run TAMADA_REGENERATE=1 build/tests/rules";
}

}  // namespace
}  // namespace tamada
