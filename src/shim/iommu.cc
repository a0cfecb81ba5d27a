// SPDX-License-Identifier: GPL-2.0-only
#include "iommu.h"

#include <cstddef>

#include "atomic.h"
#include "context.h"
#include "finding.h"
#include "footprint.h"
#include "object.h"
#include "races.h"
#include "store_buffer.h"

namespace shim {
namespace {

IommuHandlers told;

// A page is only its list element; the shim does not model its contents.
Object* page_of(list_head* element, const shim_site* site) {
  Object* page = object_at(element);
  if (!page || page->kind != ObjectKind::page) {
    raise(oracle::page_foreign, site, "an element of the list is not a page", element);
    return nullptr;
  }
  if (!page->live) {
    raise(oracle::page_double_free, site, describe(*page), element);
    return nullptr;
  }
  return page;
}

void free_pages(list_head* list, const shim_site* site) {
  scheduling_point("before put_pages_list()", site);
  told.pages_put(list);
  for (list_head* element = list->next; element != list;) {
    Object* page = page_of(element, site);
    if (!page) return;  // the rest of the list cannot be trusted
    element = element->next;
    retire_object(*page, site);
  }
}

}  // namespace

void set_iommu_handlers(const IommuHandlers& handlers) { told = handlers; }

}  // namespace shim

using namespace shim;

extern "C" {

const iommu_domain_ops shim_iommu_ops = {
    .flush_iotlb_all = [](iommu_domain* domain) { shim_flush_hardware(domain); }};

void shim_flush_hardware(const void* domain) {
  note_change(domain);
  note_read(&facility::page_tables);
  note_ordered(Ordered::barrier, nullptr, SHIM_ALL);
  note_ordered(Ordered::read, &facility::page_tables);
  told.flush_hardware(domain);
}

void shim_free_queued(const void* domain, unsigned long pfn) { told.free_queued(domain, pfn); }

void shim_add_page(list_head* list, const shim_site* site) {
  Object& page =
      new_object(ObjectKind::page, nullptr, sizeof(list_head), alignof(list_head), false, site);
  list_add_tail(reinterpret_cast<list_head*>(page.memory), list);
}

void(put_pages_list)(list_head* list, const shim_site* site) {
  free_pages(list, site);
  INIT_LIST_HEAD(list);
}

void(iommu_put_pages_list)(iommu_pages_list* list, const shim_site* site) {
  free_pages(&list->pages, site);
}

}  // extern "C"
