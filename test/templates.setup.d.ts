/** Tests always see the templates as they are on disk. */
export default function setup(): void;
