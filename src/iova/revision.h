// SPDX-License-Identifier: GPL-2.0-only
// Revisions of the port: each behaves like one upstream version. Two tables define them:
// behaviours.inc lists the changes between versions, revisions.inc the versions that have a name.
#pragma once

#include <compare>

namespace port {

// An upstream version, numbered as in the kernel's Makefile. Text is "v6.12" or "6.12"; anything
// after the numbers is ignored.
struct Version {
  unsigned version = 0, patchlevel = 0;

  constexpr Version(unsigned version, unsigned patchlevel)
      : version(version), patchlevel(patchlevel) {}
  constexpr Version(const char* text) {
    if (*text == 'v') text++;
    version = number(text);
    if (*text == '.') patchlevel = number(++text);
  }
  constexpr auto operator<=>(const Version&) const = default;

 private:
  static constexpr unsigned number(const char*& text) {
    unsigned value = 0;
    for (; *text >= '0' && *text <= '9'; text++)
      value = 10 * value + static_cast<unsigned>(*text - '0');
    return value;
  }
};

// Later than every upstream version: the version of fixes that upstream lacks.
inline constexpr Version not_upstream{~0u, 0};

// A row of behaviours.inc.
struct Behaviour {
  const char* flag;                  // the member of Revision
  Version since;                     // first version with it
  const char* commit = "not fixed";  // upstream commit, or "not established"
  const char* repairs = "";          // id of the ledger entry that it fixes, or ""
  const char* meaning;
};

inline constexpr Behaviour behaviours[] = {
#define BEHAVIOUR(identifier, ...) {.flag = #identifier, __VA_ARGS__},
#include "behaviours.inc"
#undef BEHAVIOUR
};

// The behaviours of one version, a flag each.
struct Revision {
#define BEHAVIOUR(identifier, ...) bool identifier;
#include "behaviours.inc"
#undef BEHAVIOUR

  constexpr bool operator==(const Revision&) const = default;
};

constexpr Revision revision_of(Version version) {
  return {
#define BEHAVIOUR(identifier, ...) \
  .identifier = Behaviour{.flag = #identifier, __VA_ARGS__}.since <= version,
#include "behaviours.inc"
#undef BEHAVIOUR
  };
}

// A row of revisions.inc.
struct NamedRevision {
  const char* identifier;  // "v6_12": names namespaces, build targets and folders
  const char* name;        // "6.12", as users write it
  Version version;
};

inline constexpr NamedRevision named_revisions[] = {
#define PORT_REVISION(identifier, name, version, trees) {#identifier, name, version},
#include "revisions.inc"
#undef PORT_REVISION
};

// The revisions by identifier, for code that is compiled once for each.
namespace revisions {
#define PORT_REVISION(identifier, name, version, trees) \
  inline constexpr Revision identifier = revision_of(version);
#include "revisions.inc"
#undef PORT_REVISION
}  // namespace revisions

namespace variant_names {
#define PORT_REVISION(identifier, name, version, trees) \
  inline constexpr char identifier[] = "port@" name;
#include "revisions.inc"
#undef PORT_REVISION
}  // namespace variant_names

}  // namespace port
