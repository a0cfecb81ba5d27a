// SPDX-License-Identifier: GPL-2.0-only
#include "tool/findings/kunit_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "engine/domain.h"
#include "engine/oracles.h"
#include "tool/replay/isolate.h"

namespace tool {
namespace {

using program::OpCode;
using program::Operation;
using program::Role;

// C helpers that a suite may use. Ranges in use are in one list, oldest first.
constexpr char helpers[] = R"(struct iova_in_use {
	struct iova_domain *iovad;
	char slot;
	bool fast;
	unsigned long pfn, pages;
	struct iova *iova;
};

static struct iova_in_use in_use[MOST];
static unsigned int used;

/* Checks that a granted range is within its limits and overlaps no range in use. */
static bool take(struct kunit *test, struct iova_domain *iovad, char slot, bool fast,
		 unsigned long pfn, unsigned long pages, unsigned long limit,
		 struct iova *iova)
{
	unsigned int i;

	if (!pfn && !iova)
		return false;
	KUNIT_EXPECT_GE(test, pfn, iovad->start_pfn);
	KUNIT_EXPECT_LE(test, pfn + pages - 1, limit);
	for (i = 0; i < used; i++)
		if (in_use[i].iovad == iovad && pfn < in_use[i].pfn + in_use[i].pages &&
		    in_use[i].pfn < pfn + pages)
			KUNIT_FAIL(test, "pfn %#lx is in use", pfn);
	in_use[used++] = (struct iova_in_use){ iovad, slot, fast, pfn, pages, iova };
	return true;
}

/* The newest or oldest range of a slot, from alloc_iova_fast() or alloc_iova(). */
static struct iova_in_use *pick(struct kunit *test, struct iova_domain *iovad, char slot,
				bool fast, bool oldest)
{
	unsigned int i, at = used;

	for (i = 0; i < used; i++)
		if (in_use[i].iovad == iovad && in_use[i].slot == slot && in_use[i].fast == fast &&
		    (at == used || !oldest))
			at = i;
	KUNIT_ASSERT_LT(test, at, used);
	return &in_use[at];
}

static struct iova_in_use give_back(struct iova_in_use *range)
{
	struct iova_in_use found = *range;

	memmove(range, range + 1, (&in_use[--used] - range) * sizeof(*range));
	return found;
}

)";

constexpr char fault_helper[] =
    R"(/* By default, failslab does not fail allocations that may sleep. */
static int spare_no_gfp(struct kunit_suite *suite)
{
	struct dentry *failslab = debugfs_lookup("failslab", NULL);
	struct dentry *spares = failslab ? debugfs_lookup("ignore-gfp-wait", failslab) : NULL;

	if (!spares)
		return -ENOENT;
	*(bool *)d_inode(spares)->i_private = false;
	return 0;
}

)";

std::string identifier(std::string text) {
  for (char& c : text)
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  return text;
}

// "3 of 4, from pfn ..." gives 3. For a single call: 1 if it was granted.
uint64_t granted_in(const std::string& outcome, uint64_t count) {
  if (count > 1) return strtoull(outcome.c_str(), nullptr, 10);
  return outcome != "NULL" && !outcome.starts_with("0, ");
}

class Suite {
 public:
  Suite(const program::Program& program, const iova_variant& variant, const iova_variant& right,
        Recorder& recorder)
      : program_(program), variant_(variant), recorder_(recorder) {
    Outcome shown = recorder.run(variant, program);
    if (!shown.report)
      throw Failure(
          fmt::format("the program shows {} on {}: a KUnit test needs a finding with a report",
                      shown.key().empty() ? "nothing" : shown.key(), variant.name));
    report_ = *shown.report;
    steps_ = shown.steps;
    right_ = recorder.run(right, program).steps;
  }

  KunitSuite make() {
    const std::string oracle(engine::oracle_of(report_.key));
    if (oracle == "data-race")
      throw NotInKunit("a data race without a visible effect needs KCSAN, not KUnit");
    const std::string name = "iova_" + identifier(oracle);
    write_body();
    return {report_, name, source(name), config(name)};
  }

 private:
  void line(const std::string& text) { body_ += "\t" + text + "\n"; }

  // NULL if the run did not reach the operation.
  static const RecordedStep* step_of(const std::vector<RecordedStep>& steps, size_t operation) {
    for (const RecordedStep& step : steps)
      if (step.operation == operation) return &step;
    return nullptr;
  }

  void write_body() {
    const size_t last = std::min(report_.operation_index, program_.operations.size() - 1);
    for (size_t i = 0; i <= last; i++) {
      const Operation& operation = program_.operations[i];
      if (operation.code == OpCode::fail) {
        const program::Value& mask = value(operation, Role::mask);
        for (uint64_t rest = mask.number; rest; rest &= rest - 1)
          faults_.insert(mask.base + static_cast<unsigned>(__builtin_ctzll(rest)));
        continue;
      }
      if (program::is_suspension(operation.code))
        throw NotInKunit("KUnit cannot express overlapping operations");
      if (operation.code == OpCode::irq || operation.code == OpCode::edge) {
        irqs_off_ |= operation.code == OpCode::irq;
        continue;
      }
      const RecordedStep* step = step_of(steps_, i);
      if (!step || !step->skipped) write(operation, i);
      faults_.clear();
      irqs_off_ = false;
    }
    for (uint8_t number : std::set(domains_)) put(number);
    for (; references_; references_--) line("iova_cache_put();");
  }

  // Number of the failing object among those that the operation allocates, counted from 1.
  unsigned nth(size_t index) const {
    if (faults_.size() > 1)
      throw NotInKunit(fmt::format(
          "operation {} fails more than one allocation: fault injection can fail only one", index));
    program::Program whole = program_;
    whole.operations.resize(index + 1);
    for (size_t i = index; i-- > 0 && whole.operations[i].code == OpCode::fail;)
      whole.operations.erase(whole.operations.begin() + static_cast<ptrdiff_t>(i));
    Outcome outcome = recorder_.run(variant_, whole);
    const size_t operation = whole.operations.size() - 1;
    for (const RecordedStep& step : outcome.steps) {
      if (step.operation != operation || *faults_.begin() >= step.of_slab.size()) continue;
      if (step.of_slab[*faults_.begin()] != '1')
        throw NotInKunit(fmt::format(
            "operation {} fails an allocation that failslab cannot fail: it is not a slab object",
            index));
      return static_cast<unsigned>(
          std::count(step.of_slab.begin(), step.of_slab.begin() + *faults_.begin() + 1, '1'));
    }
    throw NotInKunit(
        fmt::format("operation {} does not make the allocation that should fail", index));
  }

  static std::string domain(const Operation& operation) {
    return fmt::format("d{}", operation.domain);
  }
  std::string pfn(const Operation& operation, Role role) const {
    engine::Domain domain;
    auto at = shapes_.find(operation.domain);
    if (at != shapes_.end()) domain.granule_shift = at->second.first;
    if (at != shapes_.end()) domain.start_pfn = at->second.second;
    return fmt::format("{:#x}ul", engine::resolve(domain, value(operation, role)));
  }
  static char slot(const Operation& operation) {
    return static_cast<char>('a' + value(operation, Role::slot).number);
  }

  void write(const Operation& operation, size_t index) {
    const program::OperationSpec& spec = program::spec(operation.code);
    body_ += fmt::format("\n\t/* {} */\n", program::print(operation));
    const bool fails = !faults_.empty();
    if (fails) {
      line(fmt::format("current->fail_nth = {};", nth(index)));
      injects_ = true;
    }
    if (irqs_off_ && spec.any_context) line("local_irq_disable();");
    call(operation, index, fails);
    if (irqs_off_ && spec.any_context) line("local_irq_enable();");
    if (fails) line("current->fail_nth = 0;");
  }

  void call(const Operation& operation, size_t index, bool fails) {
    const std::string d = domain(operation);
    // Another allocator may allocate fewer objects, so the fault may not fire.
    const char* error = fails ? "current->fail_nth ? 0 : -ENOMEM" : "0";
    switch (operation.code) {
      case OpCode::cpus:
        if (uint64_t cpus = value(operation, Role::cpus).number; cpus > 1)
          line(fmt::format("if (num_possible_cpus() != {})\n\t\tkunit_info(test, \"found with {} "
                           "possible CPUs, this kernel has %u\", num_possible_cpus());",
                           cpus, cpus));
        return;
      case OpCode::cpu: {
        uint64_t cpu = value(operation, Role::cpu).number;
        line(
            fmt::format("if (!cpu_online({}))\n\t\tkunit_skip(test, \"needs CPU {}\");", cpu, cpu));
        line(fmt::format("KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of({})), 0);",
                         cpu));
        return;
      }
      case OpCode::offline:
      case OpCode::online:
        line(fmt::format("KUNIT_ASSERT_EQ(test, {}({}), 0);",
                         operation.code == OpCode::offline ? "remove_cpu" : "add_cpu",
                         value(operation, Role::cpu).number));
        return;
      case OpCode::cache_get:
        line(fmt::format("KUNIT_EXPECT_EQ(test, iova_cache_get(), {});", error));
        references_ += !fails;
        return;
      case OpCode::cache_put:
        line("iova_cache_put();");
        references_--;
        return;
      case OpCode::init: {
        shapes_[operation.domain] = {value(operation, Role::granule).number, 0};
        const std::string start = pfn(operation, Role::start);
        shapes_[operation.domain].second = strtoull(start.c_str(), nullptr, 0);
        declared_.insert(operation.domain);
        domains_.insert(operation.domain);
        line(fmt::format("{} = kunit_kzalloc(test, sizeof(*{}), GFP_KERNEL);", d, d));
        line(fmt::format("KUNIT_ASSERT_NOT_NULL(test, {});", d));
        line(fmt::format("init_iova_domain({}, {}ul, {});", d,
                         uint64_t{1} << value(operation, Role::granule).number, start));
        return;
      }
      case OpCode::init_rcaches:
        line(fmt::format("KUNIT_EXPECT_EQ(test, iova_domain_init_rcaches({}), {});", d, error));
        return;
      case OpCode::put: return put(operation.domain);
      case OpCode::alloc:
      case OpCode::alloc_fast: return request(operation, index);
      case OpCode::free_fast:
        return back(operation, true, fmt::format("free_iova_fast({}, r.pfn, r.pages);", d));
      case OpCode::free_iova:
        return back(operation, false, fmt::format("__free_iova({}, r.iova);", d));
      case OpCode::free:
        return back(operation, false,
                    fmt::format("free_iova({}, {});", d, pfn_of_range(operation)));
      case OpCode::find:
        line(fmt::format("r = *{};", picked(operation, false)));
        line(fmt::format("KUNIT_EXPECT_NOT_NULL(test, find_iova({}, {}));", d,
                         pfn_of_range(operation)));
        return;
      case OpCode::free_pfn:
        line(fmt::format("free_iova({}, {});", d, pfn(operation, Role::pfn)));
        return;
      case OpCode::find_pfn:
        line(fmt::format("find_iova({}, {});", d, pfn(operation, Role::pfn)));
        return;
      case OpCode::reserve: return reserve(operation, fails);
      case OpCode::tick:
        line(fmt::format("msleep({});", value(operation, Role::ms).number));
        return;
      case OpCode::idle: line("msleep(1000);"); return;
      default:
        const std::string which =
            fmt::format("operation {} ({})", index, program::spec(operation.code).name);
        throw NotInKunit(program::is_of_queue(operation.code)
                             ? "flush queues are private to dma-iommu.c: " + which + " uses one"
                             : "KUnit tests do not support " + which);
    }
  }

  // first: statement before the loop, if there is one.
  void repeat(uint64_t count, const std::vector<std::string>& statements,
              const std::string& first = "") {
    if (count == 1) {
      for (const std::string& statement : statements) line(statement);
      return;
    }
    if (!first.empty()) line(first);
    line(fmt::format("for (i = 0; i < {}; i++) {{", count));
    for (const std::string& statement : statements) line("\t" + statement);
    line("}");
    counts_ = true;
  }

  void put(uint8_t number) {
    line(fmt::format("put_iova_domain(d{});", number));
    domains_.erase(number);
  }

  // A failed reservation must leave nothing behind.
  void reserve(const Operation& operation, bool fails) {
    const std::string d = domain(operation), lo = pfn(operation, Role::lo);
    const uint64_t size = value(operation, Role::size).number;
    line(fmt::format("KUNIT_EXPECT_{}(test, reserve_iova({}, {}, {} + {} - 1));",
                     fails ? "NULL" : "NOT_NULL", d, lo, lo, size));
    engine::PageSet& reserved = reserved_[operation.domain];
    uint64_t first = strtoull(lo.c_str(), nullptr, 0), last = first + size - 1;
    if (!fails) return reserved.add(first, last);
    while (first <= last && reserved.intersects(first, first)) first = reserved.run_end(first) + 1;
    if (first <= last)
      line(fmt::format("KUNIT_EXPECT_NULL(test, find_iova({}, {:#x}ul));", d, first));
  }

  // The expected number of granted ranges comes from an allocator without known issues.
  void request(const Operation& operation, size_t index) {
    const bool fast = operation.code == OpCode::alloc_fast;
    const uint64_t count = program::calls(operation), size = value(operation, Role::size).number;
    const std::string d = domain(operation), limit = pfn(operation, Role::limit);
    most_ += count;
    const RecordedStep* step = step_of(right_, index);
    std::string asked, taken;
    if (fast) {
      asked = fmt::format("pfn = alloc_iova_fast({}, {}, {}, {});", d, size, limit,
                          value(operation, Role::no_flush).number ? "false" : "true");
      taken = fmt::format("take(test, {}, '{}', true, pfn, {}, {}, NULL);", d, slot(operation),
                          size, limit);
    } else {
      asked = fmt::format("iova = alloc_iova({}, {}, {}, {});", d, size, limit,
                          value(operation, Role::unaligned).number ? "false" : "true");
      taken = fmt::format("take(test, {}, '{}', false, iova ? iova->pfn_lo : 0, {}, {}, iova);", d,
                          slot(operation), size, limit);
    }
    repeat(count, {asked, (count > 1 ? "granted += " : "granted = ") + taken}, "granted = 0;");
    // alloc_iova_fast() returns 0 for failure, so pfn 0 must never be allocated.
    if (fast && shapes_[operation.domain].second == 0)
      line(fmt::format("KUNIT_EXPECT_NULL(test, find_iova({}, 0));", d));
    if (step && !step->skipped)
      line(fmt::format("KUNIT_EXPECT_EQ(test, granted, {});", granted_in(step->outcome, count)));
  }

  void back(const Operation& operation, bool fast, const std::string& statement) {
    repeat(program::calls(operation),
           {fmt::format("r = give_back({});", picked(operation, fast)), statement});
    gives_back_ = true;
  }

  std::string picked(const Operation& operation, bool fast) {
    picks_ = true;
    return fmt::format("pick(test, {}, '{}', {}, {})", domain(operation), slot(operation),
                       fast ? "true" : "false",
                       value(operation, Role::oldest).number ? "true" : "false");
  }

  static const char* pfn_of_range(const Operation& operation) {
    static constexpr const char* positions[] = {"r.pfn", "r.pfn + (r.pages - 1) / 2",
                                                "r.pfn + r.pages - 1"};
    return positions[value(operation, Role::at).number];
  }

  std::string source(const std::string& name) const {
    std::string text = fmt::format(
        "// SPDX-License-Identifier: GPL-2.0\n/*\n * {}\n *\n * Found by iovafuzz: {}\n *\n"
        " * Put this file into drivers/iommu/, and\n"
        " *   into its Makefile:  obj-$(CONFIG_{}_TEST) += {}_test.o\n"
        " *   into its Kconfig:   config {}_TEST\n"
        " *                               bool \"KUnit test of the IOVA allocator\"\n"
        " *                               depends on KUNIT && FAILSLAB && FAULT_INJECTION_DEBUG_FS\n"
        " *                               select IOMMU_IOVA\n"
        " *   then:  ./tools/testing/kunit/kunit.py run --kunitconfig=.kunitconfig\n */\n",
        report_.headline, report_.key, upper(name), name, upper(name));
    for (const char* header : {"kunit/test.h", "linux/cpu.h", "linux/debugfs.h", "linux/delay.h",
                               "linux/iova.h", "linux/sched.h", "linux/slab.h"})
      text += fmt::format("#include <{}>\n", header);
    text += "\n";
    std::string body = body_;
    if (most_) {
      std::string used = helpers;
      if (!picks_) used.resize(used.find("/* The newest"));
      if (!gives_back_)
        used.resize(std::min(used.size(), used.find("static struct iova_in_use g")));
      text += fmt::format("#define MOST {}\n\n", most_) + used;
    }
    if (injects_) text += fault_helper;
    text += fmt::format("static void {}(struct kunit *test)\n{{\n", name);
    for (uint8_t number : declared_) text += fmt::format("\tstruct iova_domain *d{};\n", number);
    if (body.find("iova = ") != body.npos) text += "\tstruct iova *iova;\n";
    if (picks_) text += "\tstruct iova_in_use r;\n";
    if (body.find("pfn = ") != body.npos) text += "\tunsigned long pfn;\n";
    if (most_) text += "\tunsigned int granted;\n";
    if (counts_) text += "\tunsigned int i;\n";
    if (most_) text += "\n\tused = 0; /* suites may run more than once */\n";
    text += body + "}\n\n";
    text +=
        fmt::format("static struct kunit_case {0}_cases[] = {{\n\tKUNIT_CASE({0}),\n\t{{}}\n}};\n\n"
                    "static struct kunit_suite {0}_suite = {{\n\t.name = \"{0}\",\n{1}"
                    "\t.test_cases = {0}_cases,\n}};\n\nkunit_test_suite({0}_suite);\n\n"
                    "MODULE_DESCRIPTION(\"{2}\");\nMODULE_LICENSE(\"GPL\");\n",
                    name, injects_ ? "\t.suite_init = spare_no_gfp,\n" : "", report_.key);
    return text;
  }

  static std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(toupper(static_cast<unsigned char>(c)));
    return text;
  }

  static std::string config(const std::string& name) {
    std::string text;
    for (const std::string& symbol :
         {std::string("KUNIT"), std::string("DEBUG_KERNEL"), std::string("DEBUG_FS"),
          std::string("FAULT_INJECTION"), std::string("FAILSLAB"),
          std::string("FAULT_INJECTION_DEBUG_FS"), std::string("IOMMU_SUPPORT"),
          upper(name) + "_TEST"})
      text += fmt::format("CONFIG_{}=y\n", symbol);
    return text;
  }

  const program::Program& program_;
  const iova_variant& variant_;
  Recorder& recorder_;
  engine::Report report_;
  std::vector<RecordedStep> steps_, right_;
  std::string body_;
  std::set<unsigned> faults_;
  bool irqs_off_ = false, injects_ = false, picks_ = false, gives_back_ = false, counts_ = false;
  std::map<uint8_t, std::pair<uint64_t, uint64_t>> shapes_;  // granule shift, start pfn
  std::map<uint8_t, engine::PageSet> reserved_;
  std::set<uint8_t> domains_, declared_;
  uint64_t most_ = 0;
  unsigned references_ = 0;
};

}  // namespace

KunitSuite make_kunit_suite(const program::Program& program, const iova_variant& variant,
                            const iova_variant& right) {
  Recorder recorder;
  return make_kunit_suite(program, variant, right, recorder);
}

KunitSuite make_kunit_suite(const program::Program& program, const iova_variant& variant,
                            const iova_variant& right, Recorder& recorder) {
  return Suite(program, variant, right, recorder).make();
}

}  // namespace tool
