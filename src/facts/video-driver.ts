/** What drivers of cameras and codecs make of a picture: the multiples to which they round its lines and its height. */

export interface VideoDriver {
  readonly title: string;
  readonly spellings: RegExp;
  /** Of a line in bytes, for one byte per sample. */
  readonly stride: 16 | 32 | 64 | 128;
  /** Of the number of lines. */
  readonly height: 1 | 16 | 32;
  /** Relative to drivers/ in mainline; the pattern is in the newest release that `COMMON_KERNELS` lists. */
  readonly source: { readonly file: string; readonly pattern: RegExp };
}

export const VIDEO_DRIVERS: readonly VideoDriver[] = [
  {
    title: 'hantro',
    spellings: /^(?:hantro|hantro-vpu|rockchip-vpu|verisilicon)$/i,
    stride: 16,
    height: 16,
    source: {
      file: 'media/platform/verisilicon/rockchip_vpu_hw.c',
      pattern: /step_width = MB_DIM,[\s\S]{0,90}step_height = MB_DIM/,
    },
  },
  {
    title: 'rkvdec',
    spellings: /^rkvdec2?$/i,
    stride: 64,
    height: 16,
    source: {
      file: 'media/platform/rockchip/rkvdec/rkvdec.c',
      pattern: /step_width = 64,[\s\S]{0,90}step_height = 16/,
    },
  },
  {
    title: 'cedrus',
    spellings: /^(?:sunxi-)?cedrus$/i,
    stride: 16,
    height: 16,
    source: {
      file: 'staging/media/sunxi/cedrus/cedrus_video.c',
      pattern: /bytesperline = ALIGN\(width, 16\);[\s\S]{0,60}height = ALIGN\(height, 16\)/,
    },
  },
  {
    title: 'coda',
    spellings: /^coda(?:-vpu)?$/i,
    stride: 16,
    height: 16,
    source: {
      file: 'media/platform/chips-media/coda/coda-common.c',
      pattern: /->width = round_up\(q_data_src->width, 16\);\s+q_data_dst->height = round_up\(q_data_src->height, 16\)/,
    },
  },
  {
    title: 'wave5',
    spellings: /^wave5(?:-vpu)?$/i,
    stride: 32,
    height: 16,
    source: {
      file: 'media/platform/chips-media/wave5/wave5-vpuconfig.h',
      pattern: /W5_DEC_RAW_STEP_WIDTH\s+32U\s+#define W5_DEC_RAW_STEP_HEIGHT\s+16U/,
    },
  },
  {
    title: 'venus',
    spellings: /^(?:qcom-)?venus$/i,
    stride: 128,
    height: 32,
    source: {
      file: 'media/platform/qcom/venus/helpers.c',
      pattern: /y_stride = ALIGN\(width, 128\);\s+uv_stride = ALIGN\(width, 128\);\s+y_sclines = ALIGN\(height, 32\)/,
    },
  },
  {
    title: 'unicam',
    spellings: /^(?:bcm2835-)?unicam$/i,
    stride: 32,
    height: 1,
    source: { file: 'media/platform/broadcom/bcm2835-unicam.c', pattern: /UNICAM_IMAGE_BPL_ALIGNMENT\s+32/ },
  },
  {
    title: 'rp1-cfe',
    spellings: /^rp1-cfe$/i,
    stride: 16,
    height: 1,
    source: { file: 'media/platform/raspberrypi/rp1-cfe/cfe.c', pattern: /BPL_ALIGNMENT\s+16/ },
  },
];

/** @param word a driver by one of its names */
export const videoDriver = (word: string): VideoDriver | undefined =>
  VIDEO_DRIVERS.find(({ spellings }) => spellings.test(word));
