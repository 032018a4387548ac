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
  | 'EBADF'
  | 'EINVAL'
  | 'EBUSY'
  | 'EFAULT'
  | 'ENOSPC';

/** As strerror words them; the number as languages, strace and the kernel print it. */
const WORDS: readonly (readonly [Errno, number, readonly string[]])[] = [
  [
    'ENOENT',
    2,
    [
      'No such file or directory',
      '没有那个文件或目录',
      '沒有此一檔案或目錄',
      'Datei oder Verzeichnis nicht gefunden',
      'Aucun fichier ou dossier',
      'No existe el (?:fichero|archivo)',
      'File o directory non esistente',
      'Нет такого файла или каталога',
      'Немає такого файла',
      'そのようなファイルやディレクトリはありません',
      '그런 파일이나 디렉터리가 없습니다',
      'Arquivo ou diretório inexistente',
      'Ficheiro ou pasta inexistente',
      'Nie ma takiego pliku',
      'Bestand of map bestaat niet',
      'Adresář nebo soubor neexistuje',
      'Adresár alebo súbor neexistuje',
      'Ingen s(?:ådan|lik) fil eller filkatalog',
      'Filen eller katalogen finns inte',
      'Tiedostoa tai hakemistoa ei ole',
      'Böyle bir dosya ya da dizin yok',
      'Nincs ilyen fájl vagy könyvtár',
      'El fitxer o directori no existeix',
      'Δεν υπάρχει τέτοιο αρχείο',
      'Không có tập tin hoặc thư mục',
      'Tidak ada berkas atau direktori',
      String.raw`\bdoes not exist\b`,
      'FileNotFoundError',
    ],
  ],
  [
    'EACCES',
    13,
    [
      'Permission denied',
      String.raw`PermissionError: \[Errno 13\]`,
      '权限不够',
      '权限被拒绝',
      '拒絕不符權限的操作',
      'Keine Berechtigung',
      'Permission non accordée',
      'Permiso denegado',
      'Permesso negato',
      'Отказано в доступе',
      'Відмовлено у доступі',
      '許可がありません',
      '허가 거부',
      'Permissão (?:negada|recusada)',
      'Brak dostępu',
      'Toegang geweigerd',
      'Operace zamítnuta',
      'Prístup odmietnutý',
      'Adgang nægtet',
      'Ikke tilgang',
      'Åtkomst nekas',
      'Lupa evätty',
      'Erişim engellendi',
      'Engedély megtagadva',
      "S[\\u2019']ha denegat el permís",
      'Άρνηση πρόσβασης',
      'Không đủ quyền',
      'Ijin ditolak',
    ],
  ],
  [
    'EPERM',
    1,
    [
      'Operation not permitted',
      '不允许的操作',
      '此项操作不可行',
      '此項操作並不被允許',
      'Vorgang nicht zulässig',
      'Die Operation ist nicht erlaubt',
      'Opération non permise',
      'Operación no permitida',
      'Operazione non permessa',
      'Операция не позволена',
      'Дію заборонено',
      '許可されていない操作です',
      '명령을 허용하지 않음',
      'Operação não permitida',
      'Operacja niedozwolona',
      'Actie is niet toegestaan',
      'Operace není povolena',
      'Operationen (?:er ikke tilladt|inte tillåten)',
      'Toiminto ei ole sallittu',
      'İşleme izin verilmedi',
    ],
  ],
  [
    'ENOMEM',
    12,
    [
      'Cannot allocate memory',
      'Out of memory',
      '无法分配内存',
      '無法配置記憶體',
      '不能分配内存',
      'Nicht genügend Hauptspeicher',
      'Kann nicht allozieren',
      'Ne peut allouer de la mémoire',
      "Impossible d[\\u2019']allouer",
      'No se pudo asignar memoria',
      'Impossibile allocare',
      'Невозможно выделить память',
      'Не вдалося розподілити пам',
      'メモリを確保できません',
      '메모리를 할당할 수 없습니다',
      'Não foi possível alocar memória',
      'Impossível alocar memória',
      'Nie można przydzielić pamięci',
      'Onvoldoende geheugen',
      'Nelze alokovat paměť',
      'Kan (?:ikke tildele hukommelse|inte allokera minne)',
      'Muistin varaaminen ei onnistu',
      'Bellek ayrılamadı',
    ],
  ],
  [
    'EMFILE',
    24,
    [
      'Too many open files(?! in system)',
      '打开的文件过多',
      '打开的文件太多',
      '開啟太多檔案',
      'Zu viele offene Dateien',
      'Trop de fichiers ouverts',
      'Demasiados (?:archivos|ficheros) abiertos',
      'Troppi file aperti',
      'Слишком много открытых файлов',
      'Забагато відкритих файлів',
      'ファイルを開きすぎです',
      '열린 파일이 너무 많음',
      'Muitos arquivos abertos',
      'Za dużo otwartych plików',
      'Te veel open bestanden',
    ],
  ],
  ['ENFILE', 23, ['Too many open files in system']],
  ['ENOTTY', 25, ['Inappropriate ioctl for device', '对设备不适当的 ?ioctl', 'Unpassender IOCTL']],
  ['ENXIO', 6, ['No such device or address', '没有那个设备或地址', 'Kein passendes Gerät']],
  ['ENODEV', 19, ['No such device(?! or address)', '没有那个设备', 'Kein solches Gerät']],
  [
    'EBADF',
    9,
    [
      'Bad file (?:descriptor|number)',
      '错误的文件描述符',
      '錯誤的檔案敘述項',
      'Ungültiger Dateideskriptor',
      'Mauvais descripteur de fichier',
      'Descriptor de fichero erróneo',
      'Descrittore di file errato',
      'Неправильный дескриптор файла',
      '不正なファイル記述子です',
      'Błędny deskryptor pliku',
      'Descritor de arquivo inválido',
    ],
  ],
  [
    'EINVAL',
    22,
    [
      'Invalid argument',
      '无效的参数',
      '無效的引數',
      'Das Argument ist ungültig',
      'Argument invalide',
      'Argumento inválido',
      'Argomento non valido',
      'Недопустимый аргумент',
      '無効な引数です',
      'Zły argument',
      'Ongeldig argument',
    ],
  ],
  [
    'EBUSY',
    16,
    [
      'Device or resource busy',
      '设备或资源忙',
      '裝置或系統資源忙碌中',
      'Gerät oder Ressource (?:ist )?belegt',
      'Périphérique ou ressource occupé',
      'Dispositivo o recurso ocupado',
      'Устройство или ресурс занято',
      'Urządzenie lub zasoby zajęte',
    ],
  ],
  ['EFAULT', 14, ['Bad address', '错误的地址']],
  [
    'ENOSPC',
    28,
    [
      'No space left on device',
      '设备上没有空间',
      '裝置上已無多餘空間',
      'Auf dem Gerät ist kein Speicherplatz',
      'Aucun espace disponible sur le périphérique',
      'No queda espacio en el dispositivo',
      'Spazio esaurito sul device',
      'На устройстве не осталось свободного места',
      'Недостатньо місця на пристрої',
      'デバイスに空き領域がありません',
      '장치에 남은 공간이 없음',
      'Não há espaço disponível no dispositivo',
      'Brak miejsca na urządzeniu',
      'Geen ruimte meer over op apparaat',
    ],
  ],
];

/** Kernels and drivers print it negative; only of these is it seen often enough not to be another number. */
const NEGATIVE: ReadonlySet<Errno> = new Set(['ENOENT', 'ENOMEM', 'EINVAL', 'EBUSY']);

const PATTERNS = WORDS.map(([errno, number, words]): readonly [Errno, RegExp] => {
  const forms = [
    String.raw`\b${errno}\b`,
    ...words,
    String.raw`\(os error ${number}\)`,
    String.raw`\berrno\W{1,3}${number}\b`,
    ...(NEGATIVE.has(errno) ? [String.raw`\b(?:ret(?:urn(?:ed)?)?|err(?:or)?)[ :=]*-${number}\b`] : []),
  ];
  return [errno, new RegExp(forms.join('|'), 'i')];
});

export function errnoOf(line: string): Errno | undefined {
  return PATTERNS.find(([, words]) => words.test(line))?.[0];
}
