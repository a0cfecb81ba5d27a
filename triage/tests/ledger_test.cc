// SPDX-License-Identifier: GPL-2.0-only
// The ledger is accurate: every entry shows on the revisions that it names and on no others.
#include "engine/ledger.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <regex>

#include "engine/oracles.h"
#include "fuzz/targets.h"
#include "iova/port_variants.h"
#include "iova/revision.h"
#include "tool/findings/findings.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/support/command_test.h"
#include "tool/variants/variants.h"

namespace engine {
// Prints the entry's id in test names.
void PrintTo(const KnownFinding& finding, std::ostream* out) { *out << finding.id; }
}  // namespace engine

namespace tool {
namespace {

using engine::KnownFinding;

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::vector<KnownFinding> entries() { return {engine::ledger().begin(), engine::ledger().end()}; }

iova_variant named(const char* name) {
  iova_variant variant{};
  variant.name = name;
  return variant;
}

// Repaired before the port's oldest revision, so only a kernel tree shows it.
bool is_old(const KnownFinding& entry) { return entry.is_in_tree; }

class LedgerEntry : public testing::TestWithParam<KnownFinding> {
 protected:
  const KnownFinding& entry_ = GetParam();
};

TEST_P(LedgerEntry, IsShownByItsReproducerOnTheAffectedRevisionsOnly) {
  Input input = read_input(source_folder() / "corpus" / entry_.reproducer);
  for (const port::NamedVariant& revision : port::variants) {
    std::string key = run_isolated(*revision.variant, input.program).key();
    if (contains(entry_.affected, revision.name))
      EXPECT_TRUE(contains(entry_.keys, key)) << revision.name << ": " << key;
    else
      EXPECT_EQ(key, "") << revision.name;
  }
}

TEST_P(LedgerEntry, IsGonePastToTheEndOfItsReproducer) {
  Input input = read_input(source_folder() / "corpus" / entry_.reproducer);
  for (const port::NamedVariant& revision : port::variants) {
    if (!contains(entry_.affected, revision.name)) continue;
    Outcome outcome = run_isolated(*revision.variant, input.program, {.known = entry_.keys});
    EXPECT_EQ(outcome.key(), "");
    EXPECT_EQ(outcome.known_met.size(), 1u);
  }
}

TEST_P(LedgerEntry, HasKeysOfRecoverableOracles) {
  EXPECT_FALSE(entry_.keys.empty());
  for (const std::string& key : entry_.keys) {
    EXPECT_EQ(std::count(key.begin(), key.end(), ':'), 3) << key;
    const shim::Oracle* found = nullptr;
    for (auto all : {shim::oracles(), engine::oracles()})
      for (const shim::Oracle* oracle : all)
        if (engine::oracle_of(key) == oracle->id) found = oracle;
    ASSERT_NE(found, nullptr) << key;
    // Some issues of old trees are not recoverable.
    EXPECT_TRUE(found->recoverable || is_old(entry_)) << key;
  }
}

TEST_P(LedgerEntry, SaysWhatItIs) {
  for (const std::string& text : {entry_.id, entry_.title, entry_.story, entry_.contract,
                                  entry_.since, entry_.upstream, entry_.reproducer})
    EXPECT_FALSE(text.empty());
  EXPECT_EQ(entry_.affected.empty(), is_old(entry_));
  for (const std::string& name : entry_.affected)
    EXPECT_TRUE(std::any_of(std::begin(port::variants), std::end(port::variants),
                            [&](const auto& revision) { return revision.name == name; }))
        << name;
  EXPECT_FALSE(contains(entry_.affected, "fixed"));
}

// The row of behaviours.inc that repairs the issue must agree with the entry's upstream status.
TEST_P(LedgerEntry, IsRepairedByOneBehaviour) {
  std::vector<std::string> repairs;
  for (const port::Behaviour& b : port::behaviours)
    if (b.repairs == entry_.id)
      repairs.push_back(
          b.since == port::not_upstream
              ? b.commit
              : fmt::format("{}, v{}.{}", b.commit, b.since.version, b.since.patchlevel));
  if (is_old(entry_))
    EXPECT_TRUE(repairs.empty());
  else
    EXPECT_EQ(repairs, std::vector{entry_.upstream});
}

TEST(Ledger, DerivesTheAffectedRevisions) {
  std::map<std::string, std::vector<std::string>> affected;
  for (const KnownFinding& entry : engine::ledger()) affected[entry.id] = entry.affected;
  for (const port::NamedRevision& revision : port::named_revisions) {
    auto affects = [&](const char* id) { return contains(affected[id], revision.name); };
    bool is_upstream = revision.version < port::not_upstream;
    EXPECT_EQ(affects("mag-free-null"), revision.version >= "v6.9" && revision.version < "v7.1");
    EXPECT_EQ(affects("stale-cache"), revision.version >= "v6.9" && is_upstream);
    EXPECT_EQ(affects("hint-poisoned"), is_upstream);
  }
}

TEST_P(LedgerEntry, HasNotExpired) {
  ASSERT_TRUE(std::regex_match(entry_.expires, std::regex("20[0-9]{2}-[01][0-9]-[0-3][0-9]")));
  time_t now = time(nullptr);
  char today[sizeof "2027-05-31"];
  strftime(today, sizeof today, "%Y-%m-%d", gmtime(&now));
  EXPECT_GE(entry_.expires, today)
      << "look whether upstream has fixed it by now, and set a new date";
}

INSTANTIATE_TEST_SUITE_P(, LedgerEntry, testing::ValuesIn(entries()), [](const auto& info) {
  std::string name = info.param.id;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Ledger, HasIdsAndKeysOfTheirOwn) {
  std::set<std::string> ids, keys;
  for (const KnownFinding& entry : engine::ledger()) {
    EXPECT_TRUE(ids.insert(entry.id).second) << entry.id;
    for (const std::string& key : entry.keys) EXPECT_TRUE(keys.insert(key).second) << key;
  }
}

TEST(Ledger, HasEveryBehaviourThatIsNotFixed) {
  std::set<std::string> ids;
  for (const KnownFinding& entry : engine::ledger()) ids.insert(entry.id);
  for (const port::Behaviour& b : port::behaviours)
    EXPECT_TRUE(b.since < port::not_upstream || ids.contains(b.repairs)) << b.flag;
}

// Seeds show only known issues on every revision, and together show every key of the ledger.
TEST(Ledger, IsWhatSeedsMeet) {
  std::set<std::string> met, listed;
  for (const port::NamedVariant& revision : port::variants) {
    std::vector<Input> inputs;
    for (const auto& seed : seeds()) inputs.push_back(read_input(seed));
    std::vector<Job> jobs;
    for (const Input& input : inputs) jobs.push_back({&input.program, {}});
    IsolateOptions options{.known = engine::known_keys(*revision.variant)};
    run_isolated(*revision.variant, jobs, options, [&](size_t index, const Outcome& outcome) {
      EXPECT_EQ(outcome.key(), "") << inputs[index].path << " on " << revision.name;
      met.insert(outcome.known_met.begin(), outcome.known_met.end());
    });
  }
  for (const KnownFinding& entry : engine::ledger())
    if (!is_old(entry)) listed.insert(entry.keys.begin(), entry.keys.end());
  EXPECT_EQ(met, listed);
}

TEST(Ledger, IsByRevisionOfThePortAndWholeForKernelTrees) {
  auto keys = [](const char* name) { return engine::known_keys(named(name)); };
  size_t all = keys("kernel@6.18").size();
  EXPECT_TRUE(keys("port@fixed").empty());
  EXPECT_TRUE(keys("port@").empty());
  EXPECT_TRUE(keys("something else").empty());
  EXPECT_LT(keys("port@6.1").size(), keys("port@6.12").size());
  EXPECT_LT(keys("port@7.3").size(), all);
  EXPECT_EQ(keys("port@6.12+some_defect"), keys("port@6.12"));
  const std::string key = engine::ledger()[0].keys[0];
  EXPECT_EQ(engine::find_known(key, named("port@6.12")), &engine::ledger()[0]);
  EXPECT_EQ(engine::find_known(key, named("port@7.3")), nullptr);
  EXPECT_EQ(engine::find_known("new" + key, named("port@6.12")), nullptr);
}

// An issue that upstream has repaired is known in trees without the repair, and new in others.
TEST(Ledger, OldIssuesAreKnownByTheSourceOfATree) {
  const std::string key = "second-pass-missing:alloc_iova:alloc:none";
  EXPECT_EQ(engine::find_known(key, named("kernel@6.18")), nullptr);
  iova_variant old = named("kernel@4.19");
  old.searches_once = true;
  const KnownFinding* found = engine::find_known(key, old);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->upstream, "4e89dce72521, v5.11");
  EXPECT_TRUE(is_old(*found));
  EXPECT_FALSE(is_old(engine::ledger()[0]));
}

// The models are silent once calls have overlapped, and do not judge allocators that lack views.
TEST(Ledger, AMissingSecondPassIsNamedWithoutTheModelsToo) {
  iova_variant variant = parse_variant("6.12+no-second-pass").variant();
  variant.searches_once = true;
  const std::string overlap = "cpus 2\ncache_get\ninit\npause 2\nalloc\nresume\n";
  // The search refuses the last request but one, and the hint that this left refuses the last.
  const std::string gap =
      "alloc slot=a unaligned size=10 limit=100\nalloc slot=b unaligned size=50 limit=100\n"
      "free slot=a\nalloc unaligned size=20 limit=100 x2\nalloc unaligned size=10 limit=100 x2\n";
  iova_variant shows_less = variant;
  shows_less.views &= ~IOVA_VIEW_MAGAZINES;
  const std::string known = "second-pass-missing:alloc_iova:alloc:none";
  for (auto& [tried, begin] : {std::pair(variant, overlap), {shows_less, "cache_get\ninit\n"}}) {
    const program::Program program = program::parse(begin + gap);
    EXPECT_EQ(run_isolated(tried, program).key(), known) << begin;
    EXPECT_EQ(run_isolated(tried, program, {.known = {known}}).key(), "") << begin;
  }
}

// A regression: the bug of 6.12 in a tree that claims to be 7.3.
TEST(Ledger, LeavesAFindingNewOnARevisionThatIsNotListed) {
  auto bytes = program::encode(program::parse("cache_get\ninit\nfail 0x10\ninit_rcaches\n"));
  std::string_view input(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const char* name : {"port@6.12", "port@7.3"}) {
    iova_variant variant = port::v6_12::variant;
    variant.name = name;
    TemporaryFolder folder;
    FindingStore store(folder.path(), {&variant, "", nullptr, ""}, {});
    TakenInput taken =
        store.take(read_crash(folder.write("crash-0", input)), fuzz::iova_domain, 0, "");
    bool is_new = std::string_view(name) == "port@7.3";
    EXPECT_EQ(taken.key, engine::ledger()[0].keys[0]);
    EXPECT_EQ(taken.new_finding != nullptr, is_new);
    EXPECT_EQ(store.findings().size(), is_new ? 1u : 0u);
    EXPECT_NE(read_file(store.known_file()).find(taken.key), std::string::npos);
  }
}

std::map<std::string, std::string> states(std::vector<std::string> options) {
  options.insert(options.begin(), "known");
  std::map<std::string, std::string> by_id;
  for (const json& row : tool_json(options)) by_id[row["id"]] = row["state"];
  return by_id;
}

TEST(KnownCommand, TellsWhichIssuesAnAllocatorHas) {
  auto fixed = states({}), v6_12 = states({"--revision", "6.12"});
  ASSERT_EQ(fixed.size(), engine::ledger().size());
  for (const engine::KnownFinding& issue : engine::ledger()) {
    EXPECT_EQ(fixed[issue.id], "repaired in this tree") << issue.id;
    bool is_affected = engine::affects_revision(issue, "6.12");
    EXPECT_EQ(v6_12[issue.id], is_affected ? "present" : "repaired in this tree") << issue.id;
  }
  EXPECT_EQ(states({"--revision", "6.1"})["mag-free-null"], "repaired in this tree");
}

}  // namespace
}  // namespace tool
