// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/litmus.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "engine/engine.h"
#include "shim/atomic.h"

namespace tool {
namespace {

using shim::Ordered;

constexpr size_t most_events = 20;  // in a test; herd7's time grows with each

struct Word {
  std::set<size_t> threads;
  std::set<std::string> readers, writers;
  bool is_written = false, is_lock = false, is_atomic = false;
  std::string name = "";
  size_t number = 0;  // position among the named words
  int values = 0;     // number of values written
};

struct Event {
  Ordered what;
  size_t thread;
  bool is_full = false;  // an update that is a full barrier
  int written = 0;       // value
  int seen = 0;          // value of a read, or what an update returned
  std::optional<size_t> reg = std::nullopt;
};

using Values = std::vector<int>;  // of the registers, in the order of the run

bool is_access(Ordered::Kind kind) { return kind <= Ordered::update; }
bool is_lock(Ordered::Kind kind) { return kind == Ordered::lock || kind == Ordered::unlock; }

class Test {
 public:
  // about: the words to keep besides locks; empty for all.
  Test(const std::vector<Ordered>& record, const std::vector<size_t>& operations,
       const std::set<uintptr_t>& about = {})
      : threads_(operations.size()) {
    for (const Ordered& one : record)
      for (size_t thread = 0; thread < operations.size(); thread++)
        if (one.operation == operations[thread]) events_.push_back({one, thread});
    keep_what_is_shared(about);
    join_updates();
    drop_what_repeats();
    drop_idle_barriers();
    drop_idle_locks();
    number_values();
  }

  // Addresses in the order of their first access.
  std::vector<uintptr_t> words_in_order() const {
    std::vector<uintptr_t> words;
    for (const Event& event : events_)
      if (is_access(event.what.kind) &&
          std::find(words.begin(), words.end(), event.what.word) == words.end())
        words.push_back(event.what.word);
    return words;
  }
  // Addresses with marked accesses.
  std::set<uintptr_t> marked_words() const {
    std::set<uintptr_t> words;
    for (const Event& event : events_)
      if (is_access(event.what.kind) && event.what.is_marked) words.insert(event.what.word);
    return words;
  }
  size_t size() const { return events_.size(); }

  // Outcomes that no interleaving of whole accesses gives, each a conjunction of terms like
  // "0:r1=2".
  std::vector<std::string> weak_outcomes() {
    std::vector<std::vector<const Event*>> threads(threads_);
    for (const Event& event : events_) threads[event.thread].push_back(&event);
    Values now(registers_);
    std::map<uintptr_t, int> memory;
    std::set<uintptr_t> held;
    std::vector<size_t> at(threads_);
    orders(threads, at, memory, held, now);
    Values as_run;
    std::vector<const Event*> reads;
    for (const Event& event : events_)
      if (event.reg) reads.push_back(&event), as_run.push_back(event.seen);
    std::vector<std::string> weak;
    for (size_t i = 0; i < reads.size(); i++) {
      for (int older = 0; older < reads[i]->seen; older++) {
        Values values = as_run;
        values[i] = older;
        if (possible_.contains(values)) continue;
        std::string words;
        for (size_t r = 0; r < reads.size(); r++)
          words += fmt::format("{}{}:r{}={}", r ? " /\\ " : "", reads[r]->thread, *reads[r]->reg,
                               values[r]);
        weak.push_back("(" + words + ")");
      }
    }
    return weak;
  }

  std::string threads_as_c(const program::Program& program,
                           const std::vector<size_t>& operations) const {
    std::string text;
    for (size_t thread = 0; thread < threads_; thread++) {
      std::string parameters, body, registers;
      for (const Word& word : named_words())
        if (word.threads.contains(thread))
          parameters += fmt::format("{}{}*{}", parameters.empty() ? "" : ", ",
                                    word.is_lock     ? "spinlock_t "
                                    : word.is_atomic ? "atomic_t "
                                                     : "int ",
                                    word.name);
      for (const Event& event : events_) {
        if (event.thread != thread) continue;
        if (event.reg) registers += fmt::format("\tint r{};\n", *event.reg);
        body += fmt::format("\t{};\n", statement(event));
      }
      text += fmt::format("P{}({}) // {}\n{{\n{}{}{}}}\n\n", thread, parameters,
                          print(program.operations[operations[thread]]), registers,
                          registers.empty() ? "" : "\n", body);
    }
    return text;
  }

  std::string words_in_words() const {
    std::string text;
    for (const Word& word : named_words()) {
      if (word.is_lock) continue;
      const auto list = [](const std::set<std::string>& names) {
        std::string text;
        for (const std::string& name : names)
          text += (text.empty() ? "" : ", ") +
                  (name.empty() ? "a hardware flush or unmapping" : name + "()");
        return text.empty() ? "none" : text;
      };
      text += fmt::format(" * {}: written by {}; read by {}\n", word.name, list(word.writers),
                          list(word.readers));
    }
    return text;
  }

 private:
  // In the order of the run, since addresses differ between runs.
  std::vector<Word> named_words() const {
    std::vector<Word> words;
    for (const auto& [at, word] : words_) words.push_back(word);
    std::sort(words.begin(), words.end(),
              [](const Word& a, const Word& b) { return a.number < b.number; });
    return words;
  }

  void keep_what_is_shared(const std::set<uintptr_t>& about) {
    for (const Event& event : events_) {
      if (event.what.kind == Ordered::barrier) continue;
      Word& word = words_[event.what.word];
      word.threads.insert(event.thread);
      word.is_lock |= is_lock(event.what.kind);
      word.is_written |= event.what.kind != Ordered::read;
      word.is_atomic |= event.what.kind == Ordered::update;
    }
    // Keep words that several threads access and that are written. A lock's own word is accessed
    // only as part of the lock.
    std::erase_if(words_, [&](const auto& entry) {
      const auto& [at, word] = entry;
      return word.threads.size() < 2 || !word.is_written ||
             (!word.is_lock && !about.empty() && !about.contains(at));
    });
    std::erase_if(events_, [&](const Event& event) {
      if (event.what.kind == Ordered::barrier) return false;
      auto word = words_.find(event.what.word);
      return word == words_.end() || (word->second.is_lock && is_access(event.what.kind));
    });
    size_t locks = 0, others = 0;
    for (const Event& event : events_) {
      if (event.what.kind == Ordered::barrier) continue;
      Word& word = words_[event.what.word];
      if (word.name.empty()) {
        word.number = locks + others;
        word.name = word.is_lock ? fmt::format("l{}", locks++) : fmt::format("x{}", others++);
      }
      if (word.is_lock) continue;
      if (event.what.kind != Ordered::write) word.readers.insert(event.what.function);
      if (event.what.kind != Ordered::read) word.writers.insert(event.what.function);
    }
  }

  // Joins an atomic operation that returns a value with the full barriers on both sides of it.
  void join_updates() {
    const auto is_full = [&](size_t i) {
      return i < events_.size() && events_[i].what.kind == Ordered::barrier &&
             events_[i].what.order == SHIM_ALL;
    };
    for (size_t i = 1; i + 1 < events_.size(); i++) {
      if (events_[i].what.kind != Ordered::update || !is_full(i - 1) || !is_full(i + 1)) continue;
      events_[i].is_full = true;
      events_.erase(events_.begin() + static_cast<ptrdiff_t>(i) + 1);
      events_.erase(events_.begin() + static_cast<ptrdiff_t>(i) - 1);
    }
  }

  // Drops an access that repeats an earlier one of its thread, if between them the thread accesses
  // only other words and no other thread changes the word.
  void drop_what_repeats() {
    for (size_t i = 0; i < events_.size(); i++) {
      for (size_t k = i; k-- > 0;) {
        const Event &event = events_[i], &before = events_[k];
        if (before.thread != event.thread) {
          if (before.what.kind != Ordered::read && before.what.word == event.what.word) break;
          continue;
        }
        if (!is_access(before.what.kind) || !is_access(event.what.kind)) break;
        if (before.what.word != event.what.word) continue;
        if (before.what.kind != event.what.kind || before.what.is_marked != event.what.is_marked ||
            event.what.kind == Ordered::update)
          break;
        events_.erase(events_.begin() + static_cast<ptrdiff_t>(i--));
        break;
      }
    }
  }

  // Drops barriers that order nothing: with no other event of their thread on one side, or right
  // after a barrier that includes them.
  void drop_idle_barriers() {
    for (size_t i = 0; i < events_.size(); i++) {
      if (events_[i].what.kind != Ordered::barrier) continue;
      bool before = false, after = false, again = false;
      for (size_t k = 0; k < events_.size(); k++) {
        if (events_[k].thread != events_[i].thread || k == i) continue;
        if (k < i) {
          before |= events_[k].what.kind != Ordered::barrier;
          again = events_[k].what.kind == Ordered::barrier &&
                  (events_[k].what.order & events_[i].what.order) == events_[i].what.order;
        } else {
          after |= events_[k].what.kind != Ordered::barrier;
        }
      }
      if (!before || !after || again) events_.erase(events_.begin() + static_cast<ptrdiff_t>(i--));
    }
  }

  void number_values() {
    std::map<uintptr_t, int> memory;
    std::vector<size_t> registers(threads_);
    for (Event& event : events_) {
      if (!is_access(event.what.kind)) continue;
      int& value = memory[event.what.word];
      event.seen = value;
      if (event.what.kind != Ordered::read)
        event.written = value = ++words_[event.what.word].values;
      if (event.what.kind == Ordered::read || event.is_full)
        event.reg = registers[event.thread]++, registers_++;
    }
    order_of_register_.clear();
    for (const Event& event : events_)
      if (event.reg) order_of_register_[&event] = order_of_register_.size();
  }

  // Tries every interleaving of whole accesses and collects the values of their reads.
  void orders(const std::vector<std::vector<const Event*>>& threads, std::vector<size_t>& at,
              std::map<uintptr_t, int>& memory, std::set<uintptr_t>& held, Values& now) {
    std::vector<int> state(at.begin(), at.end());
    for (const auto& [word, value] : memory) state.push_back(value);
    for (int value : now) state.push_back(value);
    if (!met_.insert(state).second) return;
    bool is_over = true;
    for (size_t thread = 0; thread < threads.size(); thread++) {
      if (at[thread] == threads[thread].size()) continue;
      is_over = false;
      const Event& event = *threads[thread][at[thread]];
      const uintptr_t word = event.what.word;
      if (event.what.kind == Ordered::lock && held.contains(word)) continue;
      auto memory_before = memory;
      auto held_before = held;
      const Values now_before = now;
      if (event.what.kind == Ordered::lock) held.insert(word);
      if (event.what.kind == Ordered::unlock) held.erase(word);
      if (is_access(event.what.kind)) {
        int& value = memory[word];
        if (event.reg) now[order_of_register_.at(&event)] = value;
        if (event.what.kind == Ordered::write || event.is_full) value = event.written;
        if (event.what.kind == Ordered::update && !event.is_full) value++;
      }
      at[thread]++;
      orders(threads, at, memory, held, now);
      at[thread]--;
      memory = memory_before;
      held = held_before;
      now = now_before;
    }
    if (is_over) possible_.insert(now);
  }

  // Drops locks that are held over no access of the test.
  void drop_idle_locks() {
    std::set<uintptr_t> used;
    for (size_t i = 0; i < events_.size(); i++) {
      if (events_[i].what.kind != Ordered::lock) continue;
      for (size_t k = i + 1; k < events_.size(); k++) {
        if (events_[k].thread != events_[i].thread) continue;
        if (events_[k].what.kind == Ordered::unlock && events_[k].what.word == events_[i].what.word)
          break;
        if (is_access(events_[k].what.kind)) used.insert(events_[i].what.word);
      }
    }
    std::erase_if(events_, [&](const Event& event) {
      return is_lock(event.what.kind) && !used.contains(event.what.word);
    });
    std::erase_if(words_, [&](const auto& word) {
      return word.second.is_lock && !used.contains(word.first);
    });
  }

  std::string statement(const Event& event) const {
    const Ordered& what = event.what;
    if (what.kind == Ordered::barrier)
      return what.order == SHIM_ALL    ? "smp_mb()"
             : what.order & SHIM_READS ? "smp_rmb()"
                                       : "smp_wmb()";
    const Word& word = words_.at(what.word);
    const std::string& name = word.name;
    switch (what.kind) {
      case Ordered::lock: return fmt::format("spin_lock({})", name);
      case Ordered::unlock: return fmt::format("spin_unlock({})", name);
      case Ordered::update:
        if (!event.is_full) return fmt::format("atomic_inc({})", name);
        return fmt::format("r{} = atomic_xchg({}, {})", *event.reg, name, event.written);
      case Ordered::read:
        if (word.is_atomic) return fmt::format("r{} = atomic_read({})", *event.reg, name);
        return what.is_marked ? fmt::format("r{} = READ_ONCE(*{})", *event.reg, name)
                              : fmt::format("r{} = *{}", *event.reg, name);
      default:
        if (word.is_atomic) return fmt::format("atomic_set({}, {})", name, event.written);
        return what.is_marked ? fmt::format("WRITE_ONCE(*{}, {})", name, event.written)
                              : fmt::format("*{} = {}", name, event.written);
    }
  }

  const size_t threads_;
  std::vector<Event> events_;  // in the order of the run
  std::map<uintptr_t, Word> words_;
  size_t registers_ = 0;
  std::map<const Event*, size_t> order_of_register_;
  std::set<std::vector<int>> met_;
  std::set<Values> possible_;
};

}  // namespace

std::vector<shim::Ordered> record_order(const iova_variant& variant,
                                        const program::Program& program) {
  std::vector<shim::Ordered> record;
  shim::record_order(&record);
  engine::run(variant, program, {.past_all = true, .watch_races = true});
  shim::record_order(nullptr);
  return record;
}

std::vector<std::string> litmus_tests(const std::string& name, const program::Program& program,
                                      const std::vector<shim::Ordered>& record,
                                      const std::vector<size_t>& operations) {
  const Test whole(record, operations);
  const std::set<uintptr_t> marked = whole.marked_words();
  std::vector<std::set<uintptr_t>> choices{marked};
  for (uintptr_t word : whole.words_in_order()) {
    if (marked.contains(word)) continue;
    choices.push_back(marked);
    choices.back().insert(word);
  }
  std::vector<std::string> tests;
  std::set<std::string> met;
  for (const std::set<uintptr_t>& about : choices) {
    if (about.size() < 2) continue;
    Test test(record, operations, about);
    if (test.size() > most_events) continue;
    std::string condition;
    for (const std::string& outcome : test.weak_outcomes())
      condition += fmt::format("{}{}", condition.empty() ? "" : " \\/\n  ", outcome);
    if (condition.empty()) continue;
    const std::string body =
        fmt::format("{}exists ({})\n", test.threads_as_c(program, operations), condition);
    if (!met.insert(body).second) continue;
    tests.push_back(fmt::format("C {}-{}\n\n(*\n * Can one read return an older value than in the "
                                "run, and all others the same?\n{} *)\n\n{{}}\n\n{}",
                                name, tests.size() + 1, test.words_in_words(), body));
  }
  return tests;
}

}  // namespace tool
