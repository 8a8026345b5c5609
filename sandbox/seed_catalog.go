package sandbox

import "time"

// Kinds of work. A master has some of them, a service belongs to one.
const (
	hair = iota
	colour
	nails
	brows
	men
	cosmetology
	massage
	kinds
)

var categoryTitles = [kinds]string{
	hair:        "Стрижки и укладки",
	colour:      "Окрашивание",
	nails:       "Ногтевой сервис",
	brows:       "Брови и ресницы",
	men:         "Мужской зал",
	cosmetology: "Косметология",
	massage:     "Массаж",
}

// offer is a service of the chain; a branch has its own ids for it.
type offer struct {
	kind     int
	title    string
	min, max int // roubles
	minutes  int // 0: the salon has not said
	offline  bool
	comment  string
}

var offers = []offer{
	{hair, "Женская стрижка", 2500, 3500, 60, false, "Консультация, мытьё, стрижка и укладка по форме"},
	{hair, "Стрижка чёлки", 600, 600, 15, false, ""},
	{hair, "Укладка феном", 1500, 2500, 45, false, "Длина волос влияет на стоимость"},
	{hair, "Вечерняя причёска", 3500, 0, 90, false, "Точную цену мастер назовёт после консультации"},
	{hair, "Детская стрижка до 12 лет", 1200, 1200, 45, false, ""},
	{hair, "Мытьё головы и сушка", 700, 700, 30, false, ""},
	{hair, "Восстанавливающий уход", 3200, 3200, 75, false, ""},
	{hair, "Консультация стилиста", 0, 0, 0, false, "Длительность зависит от вопроса"},
	{colour, "Окрашивание в один тон", 4500, 6500, 120, false, ""},
	{colour, "Окрашивание корней", 3500, 3500, 90, false, ""},
	{colour, "Мелирование", 5500, 8500, 150, false, ""},
	{colour, "Сложное окрашивание", 9000, 15000, 210, false, "Балаяж, шатуш, аиртач"},
	{colour, "Тонирование", 3000, 3000, 75, false, ""},
	{colour, "Осветление", 6000, 9000, 180, false, ""},
	{nails, "Маникюр классический", 1400, 1400, 60, false, ""},
	{nails, "Маникюр с покрытием", 2400, 2400, 90, false, "Снятие, маникюр, покрытие гель-лаком"},
	{nails, "Педикюр классический", 2200, 2200, 75, false, ""},
	{nails, "Педикюр с покрытием", 3100, 3100, 105, false, ""},
	{nails, "Снятие покрытия", 500, 500, 30, false, ""},
	{nails, "Наращивание ногтей", 4200, 5200, 150, false, ""},
	{nails, "Дизайн одного ногтя", 150, 400, 15, false, ""},
	{brows, "Коррекция бровей", 900, 900, 30, false, ""},
	{brows, "Окрашивание бровей", 800, 800, 30, false, ""},
	{brows, "Ламинирование бровей", 2300, 2300, 60, false, ""},
	{brows, "Ламинирование ресниц", 2500, 2500, 75, false, ""},
	{brows, "Наращивание ресниц", 3200, 4500, 120, false, ""},
	{men, "Мужская стрижка", 1800, 2200, 45, false, ""},
	{men, "Стрижка машинкой", 1100, 1100, 30, false, ""},
	{men, "Оформление бороды", 1200, 1200, 30, false, ""},
	{men, "Королевское бритьё", 1700, 1700, 45, false, "Опасная бритва, горячее полотенце"},
	{men, "Камуфляж седины", 1500, 1500, 45, false, ""},
	{men, "Отец и сын", 2800, 2800, 75, false, ""},
	{cosmetology, "Чистка лица", 3900, 3900, 90, false, ""},
	{cosmetology, "Пилинг", 2900, 3600, 60, false, ""},
	{cosmetology, "Увлажняющий уход", 3400, 3400, 75, false, ""},
	{cosmetology, "Карбокситерапия", 3600, 3600, 60, true, ""},
	{cosmetology, "Приём косметолога", 1000, 1000, 30, true, ""},
	{massage, "Массаж спины", 2200, 2200, 45, false, ""},
	{massage, "Общий массаж", 3800, 3800, 90, false, ""},
	{massage, "Массаж лица", 2000, 2000, 45, false, ""},
	{massage, "Массаж шеи и плеч", 1500, 1500, 30, false, ""},
	{massage, "Подготовка к съёмке", 5000, 8000, 120, true, ""},
}

// hire is a member of staff in the seed.
type hire struct {
	name, specialty, position string
	kinds                     []int
	rating                    float64
	votes                     int
	extraMinutes              int // slower than the price list says
	extraPercent              int // dearer than the price list says
	shift                     shift
	hidden, fired, fake, full bool // full: one day ahead has no free time
}

const hour = 3600

var (
	early    = func(phase int) shift { return shift{phase: phase, from: 9 * hour, to: 18 * hour, lunch: 13 * hour} }
	late     = func(phase int) shift { return shift{phase: phase, from: 11 * hour, to: 21 * hour, lunch: 15 * hour} }
	workWeek = shift{
		weekdays: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
		from:     10 * hour, to: 19 * hour, lunch: 14 * hour,
	}
	weekend = shift{
		weekdays: []time.Weekday{time.Thursday, time.Friday, time.Saturday, time.Sunday},
		from:     10 * hour, to: 20 * hour, lunch: 14 * hour,
	}
	everyDay = shift{
		weekdays: []time.Weekday{0, 1, 2, 3, 4, 5, 6},
		from:     10 * hour, to: 21 * hour,
	}
)

// branch is a company in the seed.
type branch struct {
	company company
	offers  func(offer) bool
	staff   []hire
}

const policyText = "Настоящим я даю согласие на обработку моих персональных данных (имя, номер телефона, " +
	"адрес электронной почты) в целях записи на услуги и напоминания о визите. Согласие действует до его отзыва. " +
	"Текст вымышлен и показан песочницей."

func branches() []branch {
	everything := func(offer) bool { return true }
	return []branch{
		{
			company: company{
				id: 4564, groupID: 1200, formID: 91001, title: "Сирень на Лесной", short: "Салон красоты",
				city: "Москва", cityID: 2, address: "ул. Лесная, 12", phone: "+7 900 000-01-01",
				site: "sandbox.example", lat: 55.779, lon: 37.598, zoneName: "Europe/Moscow",
				schedule: "ежедневно 9:00–21:00", grid: 1800, lead: 60, horizon: 60,
				allowChange: true, allowDelete: true, changeDelay: 3600, deleteDelay: 3600,
			},
			offers: everything,
			staff: []hire{
				{name: "Анна Лебедева", specialty: "Топ-стилист", position: "Парикмахер", kinds: []int{hair, colour}, rating: 4.96, votes: 214, extraPercent: 20, shift: early(0)},
				{name: "Мария Соколова", specialty: "Парикмахер-универсал", position: "Парикмахер", kinds: []int{hair}, rating: 4.81, votes: 97, extraMinutes: 15, shift: late(2)},
				{name: "Игорь Власов", specialty: "Барбер", position: "Барбер", kinds: []int{men}, rating: 4.9, votes: 168, shift: everyDay, full: true},
				{name: "Ольга Зимина", specialty: "Мастер маникюра и педикюра", position: "Мастер маникюра", kinds: []int{nails}, rating: 4.88, votes: 302, shift: early(1)},
				{name: "Дарья Крылова", specialty: "Бровист", position: "Бровист", kinds: []int{brows}, rating: 4.7, votes: 41, shift: weekend},
				{name: "Елена Орлова", specialty: "Косметолог-эстетист", position: "Косметолог", kinds: []int{cosmetology}, rating: 5, votes: 63, shift: workWeek},
				{name: "Павел Громов", specialty: "Массажист", kinds: []int{massage}, rating: 4.6, votes: 28, shift: late(0)},
				{name: "Лист ожидания", specialty: "Если не нашли удобное время", kinds: []int{hair, men}, shift: everyDay, fake: true},
				{name: "Вера Сухова", specialty: "Стажёр", position: "Парикмахер", kinds: []int{hair}, shift: workWeek, hidden: true},
				{name: "Роман Тихий", specialty: "Барбер", position: "Барбер", kinds: []int{men}, rating: 4.2, votes: 12, shift: early(3), fired: true},
			},
		},
		{
			company: company{
				id: 4565, groupID: 1200, formID: 91002, title: "Сирень на Набережной", short: "Салон красоты",
				city: "Екатеринбург", cityID: 5, address: "Набережная, 7", phone: "+7 900 000-02-02",
				site: "sandbox.example", lat: 56.842, lon: 60.594, zoneName: "Asia/Yekaterinburg",
				schedule: "ежедневно 9:00–21:00", phoneConfirmation: true, grid: 1800, lead: 120, horizon: 45,
				allowChange: true, allowDelete: true, changeDelay: 2 * hour, deleteDelay: 2 * hour,
			},
			offers: func(o offer) bool { return o.kind != massage },
			staff: []hire{
				{name: "Светлана Белова", specialty: "Стилист-колорист", position: "Парикмахер", kinds: []int{hair, colour}, rating: 4.92, votes: 120, extraPercent: 10, shift: early(0)},
				{name: "Юлия Ветрова", specialty: "Парикмахер", position: "Парикмахер", kinds: []int{hair, colour, men}, rating: 4.65, votes: 54, shift: late(2)},
				{name: "Алина Назарова", specialty: "Мастер маникюра", position: "Мастер маникюра", kinds: []int{nails}, rating: 4.79, votes: 88, shift: everyDay},
				{name: "Ксения Рощина", specialty: "Бровист, лешмейкер", position: "Бровист", kinds: []int{brows}, rating: 4.85, votes: 35, shift: workWeek},
				{name: "Тимур Асанов", specialty: "Барбер", position: "Барбер", kinds: []int{men}, rating: 4.94, votes: 141, shift: weekend},
				{name: "Инна Гордеева", specialty: "Косметолог", position: "Косметолог", kinds: []int{cosmetology}, rating: 4.7, votes: 22, shift: late(1)},
			},
		},
		{
			company: company{
				id: 4566, groupID: 1200, formID: 91003, title: "Сирень у маяка", short: "Салон красоты",
				city: "Владивосток", cityID: 11, address: "ул. Маячная, 3", phone: "+7 900 000-03-03",
				site: "sandbox.example", lat: 43.104, lon: 131.877, zoneName: "Asia/Vladivostok",
				schedule: "пн–вс 9:00–21:00", grid: 900, lead: 30, horizon: 30,
				allowChange: true, allowDelete: true,
			},
			offers: func(o offer) bool { return o.kind != cosmetology && o.kind != colour },
			staff: []hire{
				{name: "Наталья Ким", specialty: "Парикмахер", position: "Парикмахер", kinds: []int{hair, men}, rating: 4.77, votes: 73, shift: everyDay},
				{name: "Галина Морозова", specialty: "Мастер маникюра", position: "Мастер маникюра", kinds: []int{nails, brows}, rating: 4.9, votes: 59, shift: early(1)},
				{name: "Степан Лунёв", specialty: "Барбер", position: "Барбер", kinds: []int{men}, rating: 4.55, votes: 31, extraMinutes: 15, shift: late(3)},
				{name: "Лариса Цой", specialty: "Массажист", position: "Массажист", kinds: []int{massage}, rating: 4.98, votes: 47, shift: workWeek},
			},
		},
		{ // A stranger's salon: in the public list, not in the chain.
			company: company{
				id: 7001, formID: 95001, title: "Барбершоп «Соседи»", short: "Барбершоп",
				city: "Калининград", cityID: 9, address: "ул. Портовая, 1", phone: "+7 900 000-09-09",
				site: "neighbours.example", lat: 54.71, lon: 20.51, zoneName: "Europe/Kaliningrad",
				schedule: "вт–вс 10:00–20:00", grid: 1800, lead: 60, horizon: 30,
			},
			offers: func(o offer) bool { return o.kind == men },
			staff: []hire{
				{name: "Борис Чужов", specialty: "Барбер", position: "Барбер", kinds: []int{men}, rating: 4.4, votes: 19, shift: everyDay},
			},
		},
	}
}

var givenNames = []string{
	"Екатерина", "Наталья", "Ирина", "Татьяна", "Юлия", "Полина", "Алексей", "Дмитрий", "Софья", "Виктория",
	"Кирилл", "Михаил", "Людмила", "Вероника", "Антон", "Сергей", "Жанна", "Олеся", "Никита", "Лидия",
}

var comments = []string{"", "", "", "", "Первый визит", "Просьба не опаздывать", "Аллергия на лак", "Придёт с ребёнком"}
