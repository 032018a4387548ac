/** Error numbers as programs and C libraries word them, also in the languages that pasted terminals are set to. */

export type Errno =
  | 'ENOENT'
  | 'EACCES'
  | 'EPERM'
  | 'ENOMEM'
  | 'EMFILE'
  | 'ENFILE'
  | 'ENOTTY'
  | 'ENXIO'
  | 'ENODEV'
  | 'EINVAL'
  | 'EBUSY'
  | 'EFAULT'
  | 'ENOSPC';

const WORDS: readonly (readonly [Errno, RegExp])[] = [
  [
    'ENOENT',
    /\bENOENT\b|No such file or directory|没有那个文件或目录|沒有此一檔案或目錄|Datei oder Verzeichnis nicht gefunden|Aucun fichier ou dossier|No existe el (?:fichero|archivo)|File o directory non esistente|Нет такого файла или каталога|そのようなファイルやディレクトリはありません|Arquivo ou diretório inexistente|Nie ma takiego pliku|\bdoes not exist\b|FileNotFoundError|\(os error 2\)|\bret(?:urn(?:ed)?)?[ :=]*-2\b|\berrno[ :=]*2\b/i,
  ],
  [
    'EACCES',
    /\bEACCES\b|Permission denied|权限不够|权限被拒绝|拒絕不符權限的操作|Keine Berechtigung|Permission non accordée|Permiso denegado|Permesso negato|Отказано в доступе|許可がありません|Permissão negada|Brak dostępu|\(os error 13\)|\berrno[ :=]*13\b/i,
  ],
  [
    'EPERM',
    /\bEPERM\b|Operation not permitted|不允许的操作|此项操作不可行|Vorgang nicht zulässig|Die Operation ist nicht erlaubt|Opération non permise|Operación no permitida|Операция не позволена|許可されていない操作です|\(os error 1\)|\berrno[ :=]*1\b(?!\d)/i,
  ],
  [
    'ENOMEM',
    /\bENOMEM\b|Cannot allocate memory|Out of memory|无法分配内存|無法配置記憶體|不能分配内存|Nicht genügend Hauptspeicher|Kann nicht allozieren|Impossible d'allouer|No se pudo asignar memoria|Impossibile allocare|Невозможно выделить память|メモリを確保できません|\(os error 12\)|\bret(?:urn(?:ed)?)?[ :=]*-12\b|\berrno[ :=]*12\b|\berror[ :=]*-12\b/i,
  ],
  [
    'EMFILE',
    /\bEMFILE\b|Too many open files(?! in system)|打开的文件过多|打开的文件太多|Zu viele offene Dateien|Trop de fichiers ouverts|Demasiados archivos abiertos|Слишком много открытых файлов|\(os error 24\)|\berrno[ :=]*24\b/i,
  ],
  ['ENFILE', /\bENFILE\b|Too many open files in system|\(os error 23\)|\berrno[ :=]*23\b/i],
  [
    'ENOTTY',
    /\bENOTTY\b|Inappropriate ioctl for device|对设备不适当的 ?ioctl|Unpassender IOCTL|\(os error 25\)|\berrno[ :=]*25\b/i,
  ],
  [
    'ENXIO',
    /\bENXIO\b|No such device or address|没有那个设备或地址|Kein passendes Gerät|\(os error 6\)|\berrno[ :=]*6\b/i,
  ],
  [
    'ENODEV',
    /\bENODEV\b|No such device(?! or address)|没有那个设备|Kein solches Gerät|\(os error 19\)|\berrno[ :=]*19\b/i,
  ],
  [
    'EINVAL',
    /\bEINVAL\b|Invalid argument|无效的参数|Das Argument ist ungültig|Argument invalide|Argumento inválido|Недопустимый аргумент|\(os error 22\)|\bret(?:urn(?:ed)?)?[ :=]*-22\b|\berrno[ :=]*22\b/i,
  ],
  [
    'EBUSY',
    /\bEBUSY\b|Device or resource busy|设备或资源忙|Gerät oder Ressource belegt|\(os error 16\)|\bret(?:urn(?:ed)?)?[ :=]*-16\b|\berrno[ :=]*16\b/i,
  ],
  ['EFAULT', /\bEFAULT\b|Bad address|错误的地址|\(os error 14\)|\berrno[ :=]*14\b/i],
  ['ENOSPC', /\bENOSPC\b|No space left on device|设备上没有空间|Auf dem Gerät ist kein Speicherplatz|\(os error 28\)/i],
];

export function errnoOf(line: string): Errno | undefined {
  return WORDS.find(([, words]) => words.test(line))?.[0];
}
