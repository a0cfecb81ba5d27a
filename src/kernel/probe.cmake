# SPDX-License-Identifier: GPL-2.0-only
# Detects the features of a kernel tree's allocator in its source, never by its version:
#   cmake -DTREE=<tree> -DOUT=<folder> -P probe.cmake
# writes OUT/tree_features.h for the glue, and links the tree's own headers into OUT/include/linux:
# no other header of the tree may replace one of the shim's. For a tree that the glue does not
# support, it prints one sentence after "unsupported tree:" and fails.

cmake_policy(SET CMP0012 NEW) # TRUE and FALSE are no variables
file(READ ${TREE}/drivers/iommu/iova.c source)
file(READ ${TREE}/include/linux/iova.h header)

function(require text where pattern what)
  if(NOT "${text}" MATCHES "${pattern}")
    message(NOTICE "unsupported tree: ${TREE}/${where} has no ${what}") # in one line
    message(FATAL_ERROR "unsupported tree")
  endif()
endfunction()
require("${source}" drivers/iommu/iova.c
  "alloc_iova_fast\\([^;{,]*,[^;{,]*,[^;{,]*,[^;{,]*{"
  "alloc_iova_fast() of four parameters, the last of which asks for a flush of the rcaches")

set(features "/* Made by probe.cmake from ${TREE}. */\n")
function(feature name text pattern)
  set(has 0)
  if("${text}" MATCHES "${pattern}")
    set(has 1)
  endif()
  set(${name} ${has} PARENT_SCOPE)
  set(features "${features}#define TREE_${name} ${has}\n" PARENT_SCOPE)
endfunction()
# Libraries that iova.c includes; the tree must have their files.
function(library name headers)
  feature(USES_${name} "${source}${header}" "#include <linux/(${headers})\\.h>")
  set(features "${features}" PARENT_SCOPE)
  string(REGEX MATCH "linux/(${headers})\\.h" included "${source}${header}")
  foreach(file ${ARGN})
    if(USES_${name} AND NOT EXISTS ${TREE}/${file})
      message(NOTICE "unsupported tree: ${TREE}/${file} is missing, but drivers/iommu/iova.c "
        "includes ${included}")
      message(FATAL_ERROR "unsupported tree")
    endif()
  endforeach()
endfunction()
library(RBTREE "rbtree|rbtree_augmented"
  include/linux/rbtree.h include/linux/rbtree_augmented.h lib/rbtree.c)
library(MAPLE_TREE "maple_tree" include/linux/maple_tree.h lib/maple_tree.c)

# The members of a structure in a text, without comments; "" if there is no such structure. Members
# of unnamed structures inside it are its own, members of named ones are not.
function(members_of structure text members)
  set(found "")
  string(FIND "${text}" "\nstruct ${structure} {\n" at)
  if(at GREATER -1)
    string(SUBSTRING "${text}" ${at} -1 found)
    string(FIND "${found}" "{" begin)
    string(FIND "${found}" "\n}" end)
    math(EXPR begin "${begin} + 1")
    math(EXPR length "${end} - ${begin}")
    string(SUBSTRING "${found}" ${begin} ${length} found)
    string(REGEX REPLACE "/[*]([^*]|[*]+[^*/])*[*]+/" "" found "${found}")
    set(before "")
    while(NOT found STREQUAL before) # the innermost first
      set(before "${found}")
      string(REGEX REPLACE "(struct|union)[ \t\n]*{([^{}]*)}[ \t\n]*[;]" "\\2" found "${found}")
      string(REGEX REPLACE "(struct|union)[^{};]*{[^{}]*}[ \t\n]*[A-Za-z_*][^;]*[;]" ""
        found "${found}")
    endwhile()
    if(found MATCHES "[{}]")
      set(found "") # not understood
    endif()
  endif()
  set(${members} "${found}" PARENT_SCOPE)
endfunction()
# The views that the tree's design allows (iova/variant.h); a different design has none. The glue
# reads members of these names and types; where a tree's have another shape, it lacks that view.
function(shape name text)
  set(has 1)
  foreach(pattern ${ARGN})
    if(NOT "${text}" MATCHES "${pattern}")
      set(has 0)
    endif()
  endforeach()
  set(${name} ${has} PARENT_SCOPE)
endfunction()
macro(view name)
  set(SHOWS_${name} 1)
  foreach(condition ${ARGN})
    if(NOT ${condition})
      set(SHOWS_${name} 0)
    endif()
  endforeach()
  set(features "${features}#define TREE_SHOWS_${name} ${SHOWS_${name}}\n")
endmacro()
members_of(iova "${header}" node_members)
members_of(iova_domain "${header}" domain_members)
members_of(iova_magazine "${source}${header}" magazine_members)
members_of(iova_cpu_rcache "${source}${header}" cpu_rcache_members)
members_of(iova_rcache "${source}${header}" rcache_members)
set(member_magazine "struct iova_magazine[ \t]*[*]")

# The depot is a list (911aa1245da8, v6.7), else an array, and delayed work trims it.
feature(LISTS_DEPOT "${source}" "struct iova_magazine \\*depot;")
feature(TRIMS_DEPOT "${source}" "struct delayed_work work;")

shape(has_nodes "${node_members}" "struct rb_node[ \t]+node[;]")
shape(has_tree "${domain_members}" "struct rb_root[ \t]+rbroot[;]" "struct iova[ \t]+anchor[;]")
view(NODES has_nodes has_tree)
shape(has_cached_nodes "${domain_members}" "struct rb_node[ \t]+[*]cached_node[;]"
  "struct rb_node[ \t]+[*]cached32_node[;]" "unsigned long[ \t]+dma_32bit_pfn[;]")
view(CACHED_NODES SHOWS_NODES has_cached_nodes)
shape(has_hint "${domain_members}" "unsigned long[ \t]+max32_alloc_size[;]")
view(HINT has_hint)
shape(has_magazines "${magazine_members}" "unsigned long[ \t]+size[;]"
  "unsigned long[ \t]+pfns.IOVA_MAG_SIZE.[;]")
# A magazine's pfns are the first of its array, in the order of their frees.
shape(pushes_last "${source}" "->pfns.[a-z_]+->size[+][+]. = [a-z_]+[;]")
shape(has_cpu_rcaches "${cpu_rcache_members}"
  "${member_magazine}loaded[;]" "${member_magazine}prev[;]")
set(member_depot "${member_magazine}depot.MAX_GLOBAL_MAGS.[;]")
if(LISTS_DEPOT)
  set(member_depot "${member_magazine}depot[;]")
endif()
shape(has_depots "${rcache_members}" "${member_depot}" "unsigned (int|long)[ \t]+depot_size[;]"
  "struct iova_cpu_rcache[ \t]+__percpu[ \t]*[*]cpu_rcaches[;]")
shape(has_rcaches "${domain_members}"
  "struct iova_rcache[ \t]+([*]rcaches|rcaches.IOVA_RANGE_CACHE_MAX_SIZE.)[;]")
shape(has_depot_work "${rcache_members}" "struct delayed_work[ \t]+work[;]")
if(NOT TRIMS_DEPOT)
  set(has_depot_work 1)
endif()
view(MAGAZINES has_magazines pushes_last has_cpu_rcaches has_depots has_rcaches has_depot_work)

# Rcaches are a call of their own (32e92d9f6f87, v5.18), else part of init_iova_domain().
feature(HAS_RCACHE_INIT "${header}" "iova_domain_init_rcaches\\(")
feature(HAS_RCACHE_RANGE "${header}" "iova_rcache_range\\(")
feature(EMBEDS_RCACHES "${header}" "struct iova_rcache[ \t]+rcaches\\[")
# A failed fast request flushes the depots too (6fa3525b455a, v5.11).
feature(FLUSHES_DEPOTS "${source}" "free_global_cached_iovas\\(")
# A CPU that goes offline gives its magazines back (f598a497bc7d, v5.13), else drivers may do it.
feature(FLUSHES_DEAD_CPUS "${source}" "cpuhp_state_add_instance(_nocalls)?\\(")
# Rcache init allocates no magazines (after v6.12).
feature(ALLOCATES_LAZILY "${source}" "loaded && !iova_magazine_full\\(")
# A request larger than its limit is not looked for in the magazines (not fixed upstream).
string(REGEX MATCHALL "(iova_rcache_get|alloc_iova_fast)\\(struct[^;{]*{[^}]*}" lookups "${source}")
feature(CHECKS_RCACHE_LIMIT "${lookups}" "size > limit_pfn|limit_pfn < size|limit_pfn >= size")
# The hint is the size of the last failed 32-bit request (bee60e94a1e2, v4.20). Any free resets it;
# before 5b61343b5059, v5.18, only a free that moves cached32_node. A tree that compares a size with a
# field of the domain has a hint under another name.
set(lacks_hint 0)
if(SHOWS_NODES AND SHOWS_CACHED_NODES AND SHOWS_MAGAZINES AND NOT SHOWS_HINT AND
    NOT HAS_RCACHE_INIT AND NOT source MATCHES "size[ \t\n]*>=?[ \t\n]*iovad->")
  set(lacks_hint 1)
endif()
set(features "${features}#define TREE_LACKS_HINT ${lacks_hint}\n")
string(REGEX MATCH "__cached_rbnode_delete_update\\([^;{]*{[^}]*max32_alloc_size[^}]*}" seldom
  "${source}")
feature(RESETS_HINT_SELDOM "${seldom}" "{[ \t\n]*iovad->cached32_node = [^}]*max32_alloc_size")
# The search continues above the cached node (4e89dce72521, v5.11).
feature(SEARCHES_TWICE "${source}" "retry_pfn|low_pfn_new")
# The pfn above the anchor wraps to 0, where a second search ends (until dcdb3ba7e2a8, v6.2).
feature(WRAPS_SECOND_PASS "${source}" "(retry_pfn|low_pfn_new) = curr_iova->pfn_hi [+] 1")
# Nodes are zeroed, so that none looks like the anchor (472d26df5e80, v5.5).
feature(ZEROES_NODES "${source}" "kmem_cache_zalloc\\(iova_cache|__GFP_ZERO")
# Freeing a queue does not wait for its timer (fixed by d7061627d701, v5.17).
string(REGEX MATCH "free_iova_flush_queue\\([^;{]*{[^}]*}" end_of_queue "${source}")
feature(LEAVES_TIMER_RUNNING "${end_of_queue}" "del_timer\\(")

# Rcaches are made by a function that cannot report a failure (before 32e92d9f6f87, v5.18).
feature(IGNORES_RCACHE_FAILURES "${source}" "void[ \t\n]+init_iova_rcaches\\([^;{]*{")

# The flush queue is in iova.c (before f7f07484542f, v5.17) or in dma-iommu.c. From there, the
# cookie's type and everything from the ring's size to the queue's init are cut out unmodified.
feature(HAS_OWN_QUEUE "${source}" "int[ \t\n]*init_iova_flush_queue\\(")
set(dma_source "")
if(EXISTS ${TREE}/drivers/iommu/dma-iommu.c)
  file(READ ${TREE}/drivers/iommu/dma-iommu.c dma_source)
endif()
# Appends the text from a position in bytes up to a marker, or to the end if the marker is missing.
function(cut_out begin to)
  string(SUBSTRING "${dma_source}" 0 ${begin} before)
  string(SUBSTRING "${dma_source}" ${begin} -1 text)
  string(FIND "${text}" "${to}" length)
  string(SUBSTRING "${text}" 0 ${length} text)
  string(REGEX MATCHALL "\n" lines "${before}")
  list(LENGTH lines lines)
  math(EXPR line "${lines} + 1")
  set(stretch "${stretch}#line ${line} \"${TREE}/drivers/iommu/dma-iommu.c\"\n${text}" PARENT_SCOPE)
  set(code "${code}${text}" PARENT_SCOPE)
endfunction()
# Where the first of these texts is that is there, in the order of the arguments.
function(find_first place)
  foreach(text ${ARGN})
    string(FIND "${dma_source}" "${text}" at)
    if(at GREATER -1)
      break()
    endif()
  endforeach()
  set(${place} ${at} PARENT_SCOPE)
endfunction()
# Where a comment begins that ends right before that place; else the place.
function(with_its_comment place)
  string(SUBSTRING "${dma_source}" 0 ${${place}} before)
  string(FIND "${before}" "/*" begin REVERSE)
  if(begin GREATER -1)
    string(SUBSTRING "${before}" ${begin} -1 between)
    string(FIND "${between}" "*/\n" end)
    string(LENGTH "${between}" length)
    math(EXPR behind "${length} - 3")
    if(end EQUAL behind)
      set(${place} ${begin} PARENT_SCOPE)
    endif()
  endif()
endfunction()
# What keeps the queue from being served; the first of them is told.
set(why_no_queue "")
function(queue_needs what pattern)
  if(NOT why_no_queue AND NOT dma_source MATCHES "${pattern}")
    set(why_no_queue "drivers/iommu/dma-iommu.c has no ${what}" PARENT_SCOPE)
  endif()
endfunction()
set(code "${source}${header}")
set(stretch "")
set(has_queue 0)
if(NOT HAS_OWN_QUEUE)
  if(dma_source)
    queue_needs("'static void queue_iova('" "static void[ \t\n]+queue_iova\\(")
    queue_needs("struct iommu_dma_cookie" "struct iommu_dma_cookie {")
    queue_needs("fq_domain in its cookie" "[*]fq_domain[;]")
    queue_needs("struct iova_fq" "struct iova_fq {")
    queue_needs("list of pages 'freelist' in an entry" "freelist[;]")
    queue_needs("IOVA_DEFAULT_FQ_SIZE" "#define IOVA_(DEFAULT_)?FQ_SIZE")
    queue_needs("IOVA_DEFAULT_FQ_TIMEOUT" "#define IOVA_(DEFAULT_)?FQ_TIMEOUT")
    queue_needs("rings 'struct iova_fq __percpu *' in its cookie"
      "struct iova_fq[ \t\n]+__percpu[ \t\n]*[*][ \t\n]*[a-z_0-9]+[;]")
    if(dma_source MATCHES "IOMMU_DMA_OPTS_SINGLE_QUEUE")
      queue_needs("ring 'struct iova_fq *' in its cookie"
        "struct iova_fq[ \t\n]*[*][ \t\n]*[a-z_0-9]+[;]")
    endif()
    queue_needs("iommu_dma_free_fq()" "static void[ \t\n]+iommu_dma_free_fq\\(")
    queue_needs("'int iommu_dma_init_fq('" "\nint iommu_dma_init_fq\\(")
  else()
    set(why_no_queue "drivers/iommu/dma-iommu.c is missing")
  endif()
  if(NOT why_no_queue)
    set(stretch "/* Cut by probe.cmake. */\n")
    find_first(cookie "enum iommu_dma_cookie_type {" "enum iommu_dma_queue_type {"
      "struct iommu_dma_options {" "struct iommu_dma_cookie {")
    string(SUBSTRING "${dma_source}" ${cookie} -1 behind)
    string(FIND "${behind}" "static DEFINE_STATIC_KEY_FALSE" at)
    find_first(ring_size "#define IOVA_DEFAULT_FQ_SIZE" "#define IOVA_FQ_SIZE")
    with_its_comment(ring_size)
    if(at GREATER -1)
      cut_out(${cookie} "static DEFINE_STATIC_KEY_FALSE")
    else()
      cut_out(${cookie} "struct iommu_dma_cookie {")
      find_first(cookie "struct iommu_dma_cookie {")
      cut_out(${cookie} "\n};")
      set(stretch "${stretch}\n};\n")
    endif()
    cut_out(${ring_size} "int iommu_dma_init_fq(")
    string(SUBSTRING "${dma_source}" ${ring_size} -1 behind)
    string(FIND "${behind}" "int iommu_dma_init_fq(" length)
    math(EXPR init "${ring_size} + ${length}")
    cut_out(${init} "\n}\n")
    set(has_queue 1)
    file(WRITE ${OUT}/flush_queue.inc "${stretch}\n}\n")
  endif()
endif()
set(features "${features}#define TREE_HAS_QUEUE ${has_queue}\n")
if(why_no_queue)
  set(features "${features}#define TREE_WHY_NO_QUEUE \"${why_no_queue}\"\n")
endif()
# How its rings are called: what the header declares, or the cookie, comes first.
function(names name pattern)
  set(NAMES_${name} 0 PARENT_SCOPE)
  if("${header}${stretch}" MATCHES "${pattern}")
    set(features "${features}#define TREE_${name} ${CMAKE_MATCH_1}\n" PARENT_SCOPE)
    set(NAMES_${name} 1 PARENT_SCOPE)
  endif()
endfunction()
names(RINGS "struct iova_fq[ \t\n]+__percpu[ \t\n]*[*][ \t\n]*([a-z_0-9]+)[;]")
names(SINGLE_RING "struct iova_fq[ \t\n]*[*][ \t\n]*([a-z_0-9]+)[;]")
# They are those of the domain or of its cookie.
set(ring_owner_members "${domain_members}")
if(has_queue)
  members_of(iommu_dma_cookie "\n${stretch}" ring_owner_members)
endif()
members_of(iova_fq "${code}" ring_members)
members_of(iova_fq_entry "${code}" entry_members)
shape(has_counters "${ring_owner_members}" "struct timer_list[ \t]+fq_timer[;]"
  "atomic_t[ \t]+fq_timer_on[;]" "atomic64_t[ \t]+fq_flush_start_cnt[;]"
  "atomic64_t[ \t]+fq_flush_finish_cnt[;]")
shape(has_ring "${ring_members}" "struct iova_fq_entry[ \t]+[*]?entries")
shape(has_entries "${entry_members}" "unsigned long[ \t]+iova_pfn[;]"
  "unsigned long[ \t]+pages[;]" "u64[ \t]+counter[;]")
shape(walks_rings "${code}" "#define fq_ring_for_each[(]")
view(RINGS NAMES_RINGS has_counters has_ring has_entries walks_rings)
# alloc_iova_fast() rounds small sizes up; before 972bf252f860, v5.17, its callers do. So this
# checks the caller or, if dma-iommu.c is missing, whether iova.c is old.
string(REGEX MATCH "iommu_dma_alloc_iova\\([^;{]*{.*" caller "${dma_source}")
string(FIND "${caller}" "\n}\n" end)
string(SUBSTRING "${caller}" 0 ${end} caller)
set(callers_round 0)
if(NOT source MATCHES "roundup_pow_of_two\\(")
  if(caller MATCHES "roundup_pow_of_two\\(" OR (NOT dma_source AND HAS_OWN_QUEUE))
    set(callers_round 1)
  endif()
endif()
set(features "${features}#define TREE_CALLERS_ROUND ${callers_round}\n")
feature(HAS_SINGLE_QUEUE "${dma_source}" "IOMMU_DMA_OPTS_SINGLE_QUEUE")
feature(TYPES_PAGE_LISTS "${dma_source}" "struct iommu_pages_list freelist;")

# The revision of the port that a tree of upstream's design should equal.
if(HAS_RCACHE_INIT AND SHOWS_NODES AND SHOWS_CACHED_NODES AND SHOWS_HINT AND SHOWS_MAGAZINES)
  file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/../iova/revisions.inc revisions REGEX "^PORT_REVISION")
  foreach(revision ${revisions})
    string(REGEX MATCH "^PORT_REVISION\\(([^,]+),.*, *([^,]+)\\)$" matched "${revision}")
    set(name ${CMAKE_MATCH_1})
    string(REPLACE " " ";" condition "${CMAKE_MATCH_2}")
    if(${condition})
      set(like ${name})
    endif()
  endforeach()
  set(features "${features}#define TREE_IS_LIKE ${like}\n")
endif()

# Whether the code is that of a known release.
string(SHA256 digest "${code}")
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/releases.txt releases REGEX "^${digest} ")
if(releases)
  string(REGEX REPLACE "^[^ ]+ +" "" release "${releases}")
  set(features "${features}#define TREE_IS_RELEASE \"${release}\"\n")
endif()
set(features "${features}/* digest ${digest} */\n")

file(MAKE_DIRECTORY ${OUT}/include/linux)
file(GLOB own ${TREE}/include/linux/iova.h ${TREE}/include/linux/rbtree*.h
  ${TREE}/include/linux/maple_tree.h)
foreach(path ${own})
  get_filename_component(name ${path} NAME)
  file(REMOVE ${OUT}/include/linux/${name})
  file(CREATE_LINK ${path} ${OUT}/include/linux/${name} SYMBOLIC)
endforeach()
# Android's vendor hooks do nothing here.
string(REGEX MATCHALL "[<\"]trace/hooks/[a-z0-9_]+\\.h" hook_headers "${source}${header}")
string(REGEX MATCHALL "trace_android_r?vh_[a-z0-9_]+" hooks "${source}${header}")
list(REMOVE_DUPLICATES hooks)
set(nobody "/* Made by probe.cmake from ${TREE}. */\n")
foreach(hook ${hooks})
  set(nobody "${nobody}#undef ${hook}\n#define ${hook}(...) ((void)0)\n")
endforeach()
foreach(path ${hook_headers})
  string(SUBSTRING "${path}" 1 -1 path)
  file(WRITE ${OUT}/include/${path} "${nobody}")
endforeach()
file(WRITE ${OUT}/tree_features.h "${features}")
