/**
 * Sorts in place with the exchanges that the kernel's sort() makes, because the order of equal elements decides where
 * older kernels put size-only regions: a heapsort that sifts each element down to a leaf first and then back up to its
 * place (Wegener's bottom-up variant), preferring the left child among equals. Source: lib/sort.c, sort_r().
 */
export function kernelHeapSort<T>(items: T[], compare: (a: T, b: T) => number): void {
  const at = (i: number) => items[i] as T;
  const exchange = (i: number, j: number) => {
    const kept = at(i);
    items[i] = at(j);
    items[j] = kept;
  };
  const siftDown = (root: number, count: number) => {
    let leaf = root;
    for (;;) {
      const left = 2 * leaf + 1;
      const right = left + 1;
      if (right < count) leaf = compare(at(left), at(right)) >= 0 ? left : right;
      else if (left < count) leaf = left;
      else break;
    }
    while (leaf !== root && compare(at(root), at(leaf)) >= 0) leaf = (leaf - 1) >> 1;
    const place = leaf;
    // Moving the root's element to its place lifts every element on the path by one level.
    while (leaf !== root) {
      leaf = (leaf - 1) >> 1;
      exchange(leaf, place);
    }
  };
  for (let root = (items.length >> 1) - 1; root >= 0; root -= 1) siftDown(root, items.length);
  for (let count = items.length - 1; count > 0; count -= 1) {
    exchange(0, count);
    siftDown(0, count);
  }
}
